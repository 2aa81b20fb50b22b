using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace OnnxAmalgam.Trainable.Tests.Samples;

/// <summary>Teaches a small network what a large one says, without labels.</summary>
internal static class Distillation
{
    public static void Run(string file, string trained, IEnumerable<Tensor> batches)
    {
        #region README
        using var teacher = TrainableGraph.Load(file);
        using var student = new TrainableGraph(StudentZoo.Build("resnet(widths=[8,16], blocks=[1,1])", channels: 1, height: 28, width: 28, classes: 10, seed: 1));
        using var optimizer = optim.Adam(student.parameters(), lr: 0.003);
        teacher.eval();
        student.train();
        foreach (var images in batches)
        {
            using var scope = NewDisposeScope();
            Tensor target;
            using (no_grad())
                target = teacher.forward(images).softmax(1);
            optimizer.zero_grad();
            functional.cross_entropy(student.forward(images), target).backward();
            optimizer.step();
        }

        student.WriteBack().Save(trained);
        #endregion
    }
}
