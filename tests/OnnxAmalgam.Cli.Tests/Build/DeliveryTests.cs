using System.IO.Compression;
using Google.Protobuf;
using Onnx;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.Build;

/// <summary>What leaves this repository: the published program and the packages, each used as somebody else would.</summary>
public sealed class DeliveryTests : IDisposable
{
    // Beside the build's output, so that hard links to it are possible.
    readonly string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "delivery", Path.GetRandomFileName())).FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void The_published_program_carries_the_library_that_loads_and_no_file_that_nobody_needs()
    {
        var (exitCode, output) = Repository.Dotnet(Repository.Root, "publish", "src/OnnxAmalgam.Cli", "-c", Repository.Configuration, "--no-build", "-o", folder,
            "-p:CreateHardLinksForPublishFilesIfPossible=true", "-nologo", "-v:q");

        Assert.True(exitCode == 0, output);
        Assert.True(File.Exists(Path.Combine(folder, "onnx-amalgam.dll")));
        if (OperatingSystem.IsLinux())
        {
            byte[] published = File.ReadAllBytes(Path.Combine(folder, "libLibTorchSharp.so"));
            Assert.Equal(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so")), published);
            Assert.NotEqual(File.ReadAllBytes(Repository.Package("torchsharp", Repository.Version("TorchSharpVersion"), "runtimes", "linux-x64", "native", "libLibTorchSharp.so")), published);
        }

        string[] files = [.. Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)!)];
        Assert.Contains("THIRD-PARTY-NOTICES.md", files);
        Assert.Contains(files, f => f.Contains("torch_cpu", StringComparison.Ordinal));
        Assert.DoesNotContain(files, f => f.Contains("torch_python", StringComparison.Ordinal) || f.Contains("_test", StringComparison.Ordinal) || f.EndsWith(".lib", StringComparison.Ordinal));
    }

    [Fact]
    public void A_stranger_who_references_the_packages_loads_a_model_runs_it_and_computes_with_torch()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the packages of other systems are not here");
        foreach (string project in (string[])["Graphs", "Trainable", "Teachers"])
        {
            var packed = Repository.Dotnet(Repository.Root, "pack", $"src/OnnxAmalgam.{project}", "-c", Repository.Configuration, "--no-build", "-o", Path.Combine(folder, "feed"), "-nologo", "-v:q");
            Assert.True(packed.ExitCode == 0, packed.Output);
            using ZipArchive package = ZipFile.OpenRead(Assert.Single(Directory.EnumerateFiles(Path.Combine(folder, "feed"), $"OnnxAmalgam.{project}.*.nupkg")));
            Assert.NotNull(package.GetEntry("THIRD-PARTY-NOTICES.md"));
        }

        string home = Directory.CreateDirectory(Path.Combine(folder, "stranger")).FullName;
        Write(home);
        var (exitCode, output) = Repository.Dotnet(home, "run", "--", "model.onnx");

        Assert.True(exitCode == 0, output);
        Assert.EndsWith("sum 3, nodes 1, y -1 -2, telemetry off True, weak True\n", output.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    /// <summary>A program outside of this repository's build files, which restores from the local feed and the package cache alone.</summary>
    void Write(string home)
    {
        string libtorch = $"libtorch-cpu-{(OperatingSystem.IsLinux() ? "linux-x64" : "win-x64")}";
        string[] stops = ["Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props"];
        Array.ForEach(stops, f => File.WriteAllText(Path.Combine(home, f), "<Project />"));
        File.WriteAllText(Path.Combine(home, "nuget.config"), $"""
            <configuration>
              <packageSources><clear /><add key="local" value="{Path.Combine(folder, "feed")}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="cache" value="{Repository.Packages}" /></fallbackPackageFolders>
              <config><add key="globalPackagesFolder" value="{Path.Combine(folder, "packages")}" /></config>
            </configuration>
            """);
        File.WriteAllText(Path.Combine(home, "Stranger.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <NuGetAudit>false</NuGetAudit>
                <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="OnnxAmalgam.Trainable" Version="*" />
                <PackageReference Include="OnnxAmalgam.Teachers" Version="*" />
                <PackageReference Include="Microsoft.ML.OnnxRuntime" Version="{Repository.Version("OnnxRuntimeVersion")}" />
                <PackageReference Include="{libtorch}" Version="{Repository.Version("LibTorchVersion")}" />
              </ItemGroup>
            </Project>
            """);
        File.WriteAllText(Path.Combine(home, "Program.cs"), """
            using Microsoft.ML.OnnxRuntime.Tensors;
            using OnnxAmalgam.Graphs;
            using OnnxAmalgam.Teachers;
            using OnnxAmalgam.Trainable;
            using TorchSharp;

            using var ones = torch.ones(3).sum();
            using var x = torch.tensor(new float[] { 1, 2 });
            using var y = torch.zeros(2);
            var model = OnnxModel.Load(args[0]);
            using (var teacher = new FrozenModel(model, ["y"]))
            {
                TensorView View(torch.Tensor t) => new(Pointer(t), TensorElementType.Float, [1, 2], ComputeDevice.Cpu);
                teacher.Run(View(x), [View(y)]);
            }

            Console.WriteLine($"sum {ones.item<float>()}, nodes {model.Proto.Graph.Node.Count}, y {y[0].item<float>()} {y[1].item<float>()}, "
                + $"telemetry off {OnnxRuntime.State().TelemetryIsOff}, weak {TorchRuntime.State().IsWeakened}");

            static nint Pointer(torch.Tensor t) => t.storage<float>().data_ptr();
            """);
        File.WriteAllBytes(Path.Combine(home, "model.onnx"), Negation().ToByteArray());
    }

    /// <summary>y[batch, 2] = -x[batch, 2].</summary>
    static ModelProto Negation()
    {
        ValueInfoProto Value(string name) => new()
        {
            Name = name,
            Type = new TypeProto
            {
                TensorType = new TypeProto.Types.Tensor
                {
                    ElemType = (int)TensorProto.Types.DataType.Float,
                    Shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "batch" }, new TensorShapeProto.Types.Dimension { DimValue = 2 } } },
                },
            },
        };
        return new ModelProto
        {
            IrVersion = 8,
            OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
            Graph = new GraphProto { Name = "negation", Input = { Value("x") }, Output = { Value("y") }, Node = { new NodeProto { OpType = "Neg", Name = "neg", Input = { "x" }, Output = { "y" } } } },
        };
    }
}
