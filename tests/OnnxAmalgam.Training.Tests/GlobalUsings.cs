global using OnnxAmalgam.Graphs;
global using OnnxAmalgam.Graphs.Metadata;
global using OnnxAmalgam.Training.Recipes;
