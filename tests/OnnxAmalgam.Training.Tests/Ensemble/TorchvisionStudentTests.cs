using System.Diagnostics;
using OnnxAmalgam.Graphs;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Evaluation;
using OnnxAmalgam.Training.Export;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Ensemble;

/// <summary>Torchvision's classifiers, exported once for all tests; none where PyTorch is absent.</summary>
public sealed class TorchvisionModels : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("torchvision-").FullName;
    readonly string? problem;

    public TorchvisionModels()
    {
        // Debian's own Python before any other: it is the one that finds Debian's python3-torch
        var python = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Prepend("/usr/bin").SelectMany(path => new[] { Path.Combine(path, "python3"), Path.Combine(path, "python3.exe") }).FirstOrDefault(File.Exists);
        var isThere = python is not null && Run(python, "-c", "import torch, torchvision, onnx").ExitCode == 0;
        problem = isThere ? null : "needs the Python modules torch, torchvision and onnx (Debian: python3-torch, python3-torchvision, python3-onnx)";
        if (!isThere)
            return;
        var (code, errors) = Run(python!, Path.Combine(Repository.Root, "tests", "OnnxAmalgam.Training.Tests", "Ensemble", "torchvision_students.py"), folder);
        Assert.True(code == 0, errors);
    }

    /// <summary>A model's file; the test is skipped where it cannot be made.</summary>
    public string this[string name]
    {
        get
        {
            Assert.SkipWhen(problem is not null, problem ?? "");
            return Path.Combine(folder, name + ".onnx");
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    static (int ExitCode, string Errors) Run(string python, params string[] arguments)
    {
        ProcessStartInfo start = new(python, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Result + errors);
    }
}

/// <summary>What people have: torchvision's architectures as PyTorch exports them.</summary>
public sealed class TorchvisionStudentTests(TorchvisionModels models) : IClassFixture<TorchvisionModels>
{
    public static TheoryData<string, TapKind> Names => new()
    {
        { "resnet18", TapKind.Spatial },
        { "mobilenet_v2", TapKind.Spatial },
        { "mobilenet_v3_small", TapKind.Spatial },
        { "densenet121", TapKind.Spatial },
        { "efficientnet_b0", TapKind.Spatial },
        { "googlenet", TapKind.Spatial },
        { "regnet_y_400mf", TapKind.Spatial },
        { "shufflenet_v2_x0_5", TapKind.Spatial },
        { "squeezenet1_1", TapKind.Spatial },
        { "vit", TapKind.Tokens },
        { "vit_opset17", TapKind.Tokens },
        { "swin", TapKind.Spatial },
        { "convnext", TapKind.Spatial },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void It_computes_what_ONNX_Runtime_computes(string name, TapKind kind)
    {
        var model = OnnxModel.Load(models[name]);
        Assert.Equal((kind, true), (Anatomy.AutoTap(model).Kind, Anatomy.AutoTap(model).Dominates));
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var graph = new TrainableGraph(model);
        graph.eval();
        var input = ModelFeed.Noise(model, ModelFeed.Shapes(model, 3, [], null), 1).Single();
        using var session = new PlainSession(model, new FrozenModelOptions { Optimise = false, Threads = 1 });
        using var run = session.Prepare(new Dictionary<string, TensorData> { [input.Key] = input.Value });
        var reference = run.Read()[0];
        var ours = graph.forward(Floats(input.Value));

        var agreement = Agreement.Between(ours, Floats(reference), 1e-5);
        Assert.True(agreement.Passes, $"{agreement}");
        Assert.True(ours.std().item<float>() > 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void It_gets_a_head_for_the_union_learns_and_stays_otherwise_itself(string name, TapKind kind)
    {
        using var student = new FileStudent($"{{model: {models[name]}}}");
        var losses = student.Losses(4);
        Assert.True(losses[^1] < losses[0], $"expected the loss to fall, got {string.Join(", ", losses)}");

        var path = models[name] + ".student.onnx";
        var (exported, agreement) = student.Export(path);
        Assert.True(agreement.Passes, $"{agreement}");
        Assert.Equal(kind, Anatomy.AutoTap(exported).Kind);
        if (name is not "swin") // written in evaluation form: its exporter leaves Dropout's training_mode on
            student.IsOtherwiseTheSame(OnnxModel.Load(models[name]), exported);
    }

    static Tensor Floats(TensorData data) => tensor([.. data.ToDoubles().Select(x => (float)x)], data.Shape);
}
