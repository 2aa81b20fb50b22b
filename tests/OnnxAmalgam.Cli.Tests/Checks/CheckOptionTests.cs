using System.Text.Json;
using Onnx;
using OnnxAmalgam.Cli.Tests.Running;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Checks;

/// <summary><c>check</c> with options that fit no model, and with models whose numbers run away.</summary>
public sealed class CheckOptionTests : IDisposable
{
    readonly TempFolder place = new();

    public void Dispose() => place.Dispose();

    [Fact]
    public void A_folder_without_images_is_no_fault_of_the_models() =>
        Assert.Contains("expected a folder of images, got no such folder", InProcess.Run("check", Bundled.Teacher("digits_resnet"), "--data", place["typo"]).Ends(2).Error, StringComparison.Ordinal);

    [Fact]
    public void A_shape_is_for_the_models_that_have_it_and_wrong_only_where_none_has()
    {
        Write("free", model => model.Graph.Input[0].Type.TensorType.Shape.Dim[1] = new() { DimParam = "width" });
        Write("fixed", _ => { });
        InProcess.Run("check", place.Path, "--shape", "width=3").Ends(0);
        Assert.Contains("--shape height: expected an input or a named dimension of a model, got a name that none of them has", InProcess.Run("check", place["fixed.onnx"], "--shape", "height=3").Ends(2).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Linked_models_in_a_folder_are_checked_and_linked_folders_not_entered()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "symbolic links need a privilege on Windows");
        Write("plain", _ => { });
        string models = Directory.CreateDirectory(place["models"]).FullName;
        File.CreateSymbolicLink(Path.Combine(models, "linked.onnx"), place["plain.onnx"]);
        Directory.CreateSymbolicLink(Path.Combine(models, "around"), models);
        string row = Assert.Single(InProcess.Run("check", models, "--json").Ends(0).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.EndsWith("linked.onnx", JsonDocument.Parse(row).RootElement.GetProperty("model").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_loss_that_is_no_number_is_no_end_of_the_list()
    {
        // log of minus the squares, less than any number
        Write("a_nan", model =>
        {
            model.Graph.Node[0].Output[0] = "h";
            model.Graph.Node.Add([new NodeProto { OpType = "Mul", Input = { "h", "h" }, Output = { "s" } }, new NodeProto { OpType = "Neg", Input = { "s" }, Output = { "n" } }, new NodeProto { OpType = "Log", Input = { "n" }, Output = { "y" } }]);
        });
        Write("b_plain", _ => { });
        string[] rows = InProcess.Run("check", place.Path, "--json").Ends(3).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["fail", "pass"], rows.Select(row => JsonDocument.Parse(row).RootElement.GetProperty("status").GetString()));
    }

    /// <summary>y = x w, x[1, 3].</summary>
    void Write(string name, Action<ModelProto> change)
    {
        var weight = new TensorProto { Name = "w", DataType = (int)TensorProto.Types.DataType.Float, Dims = { 3, 2 } };
        weight.FloatData.Add([0.5f, -0.25f, 1, 0.75f, -1, 0.125f]);
        var model = new ModelProto
        {
            IrVersion = 8,
            OpsetImport = { new OperatorSetIdProto { Version = 17 } },
            Graph = new() { Name = "g", Node = { new NodeProto { OpType = "MatMul", Input = { "x", "w" }, Output = { "y" } } }, Initializer = { weight }, Input = { Value("x", 3) }, Output = { Value("y", 2) } },
        };
        change(model);
        place.Write($"{name}.onnx", Google.Protobuf.MessageExtensions.ToByteArray(model));
    }

    static ValueInfoProto Value(string name, long width) => new()
    {
        Name = name,
        Type = new()
        {
            TensorType = new()
            {
                ElemType = (int)TensorProto.Types.DataType.Float,
                Shape = new() { Dim = { new TensorShapeProto.Types.Dimension { DimValue = 1 }, new TensorShapeProto.Types.Dimension { DimValue = width } } },
            },
        },
    };
}
