using OnnxAmalgam.Graphs;
using OnnxAmalgam.Trainable;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>A trained graph written to a real file and loaded again, because that is what people deploy. Owns the file.</summary>
internal sealed class WrittenModel : IDisposable
{
    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("onnx-amalgam-check-");

    public WrittenModel(TrainableGraph graph)
    {
        try
        {
            var path = Path.Combine(folder.FullName, "written.onnx");
            graph.WriteBack().Save(path);
            Model = OnnxModel.Load(path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public OnnxModel Model { get; }

    public void Dispose() => folder.Delete(recursive: true);
}
