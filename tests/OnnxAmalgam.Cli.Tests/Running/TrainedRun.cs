using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Running;

/// <summary>One short training that many tests look at.</summary>
public sealed class TrainedRun : IDisposable
{
    readonly TempFolder place = new();

    public TrainedRun()
    {
        Folder = place["run"];
        Result = InProcess.Run(["train", Bundled.Recipe, "-o", Folder, .. Bundled.Short]);
    }

    internal string Folder { get; }

    internal CliResult Result { get; }

    internal string Student => Path.Combine(Folder, "student.onnx");

    public void Dispose() => place.Dispose();
}

/// <summary>The tests that share it.</summary>
[CollectionDefinition(Name)]
public sealed class TrainedRunTests : ICollectionFixture<TrainedRun>
{
    public const string Name = "trained run";
}
