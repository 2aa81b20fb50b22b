using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Trainable;

namespace OnnxAmalgam.Training.Drafting;

/// <summary>A residual network of the zoo of a given size, for images of a given size.</summary>
sealed class StudentDraft
{
    const int MostWidth = 512;

    /// <summary>From this side on the network begins with a quarter of the resolution.</summary>
    public const int ImageNetSide = 64;

    StudentDraft(string model, long parameters) => (Model, Parameters) = (model, parameters);

    /// <summary>The widest with at most so many parameters: two blocks a stage, else one; the least there is where even that has more.</summary>
    /// <param name="input">Channels and size of its images.</param>
    /// <param name="classes">Labels to tell apart.</param>
    /// <param name="most">Most parameters.</param>
    public static StudentDraft Largest(InputDescription input, int classes, long most)
    {
        bool large = Math.Min(input.Height, input.Width) >= ImageNetSide;
        // Of fewer channels at full size the library's convolutions gain nothing.
        int step = large ? 16 : 4;
        foreach (int blocks in (int[])[2, 1])
        {
            if (Of(step, blocks) is not { } found || found.Parameters > most)
            {
                continue;
            }

            int steps = 1, tooMany = MostWidth / step;
            while (tooMany - steps > 1)
            {
                int middle = (steps + tooMany) / 2;
                StudentDraft next = Of(middle * step, blocks);
                (steps, tooMany, found) = next.Parameters <= most ? (middle, tooMany, next) : (steps, middle, found);
            }

            return found;
        }

        return Of(step, 1);

        StudentDraft Of(int width, int blocks)
        {
            int stages = large ? 4 : 3;
            string widths = string.Join(',', Enumerable.Range(0, stages).Select(stage => width << stage));
            string model = $"zoo:resnet(widths=[{widths}], blocks=[{string.Join(',', Enumerable.Repeat(blocks, stages))}]{(large ? ", stem=imagenet" : "")})";
            return new(model, TrainedParameters(StudentZoo.Build(model, input.Channels, input.Height, input.Width, classes, seed: 0)));
        }
    }

    /// <summary>All weights but the running statistics, as the plan of a training counts them.</summary>
    static long TrainedParameters(OnnxModel model) => Costs.Of(model).Parameters
        - Anatomy.BatchNormalizations(model).Sum(layer => model.Proto.Graph.Initializer.Where(i => i.Name == layer.Mean || i.Name == layer.Variance).Sum(i => i.Dims[0]));

    /// <summary><c>zoo:resnet(...)</c></summary>
    public string Model { get; }

    /// <summary>Number of its parameters, running statistics not counted.</summary>
    public long Parameters { get; }
}
