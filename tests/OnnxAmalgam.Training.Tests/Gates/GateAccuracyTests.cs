using System.Globalization;
using OnnxAmalgam.Teachers;
using OnnxAmalgam.Tests.Shared;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Gates;
using OnnxAmalgam.Training.Recipes;
using TorchSharp;

namespace OnnxAmalgam.Training.Tests.Gates;

/// <summary>How often each gate gives an image to the teacher whose domain its source is: the rows of docs/benchmarks.md. Measures, does not judge.</summary>
public sealed class GateAccuracyTests
{
    [Theory(Explicit = true)]
    [InlineData("mnist-fashion")]
    [InlineData("cifar10")]
    public void Each_gate_on_a_measured_pair(string pair)
    {
        string data = Environment.GetEnvironmentVariable("AMALGAM_DATA") is { Length: > 0 } stated ? stated : Path.Combine(Repository.Root, "data");
        Assert.SkipUnless(Directory.Exists(data), $"needs the data sets in {data} (tools/fetch_data.py) or AMALGAM_DATA");
        string[] places = pair == "cifar10"
            ? [.. new[] { "unlabelled.0", "unlabelled.1", "validate.0", "test.0" }.Select(s => $"data.{s}.cifar10={data}/cifar10")]
            : [.. new[] { "unlabelled", "validate", "test" }.SelectMany(s => new[] { $"data.{s}.0.idx={data}/mnist", $"data.{s}.1.idx={data}/fashion-mnist" })];
        var recipe = RecipeReader.Read(Path.Combine(Repository.Root, "models", "recipes", pair, "gated.yaml"), places);
        torch.set_num_threads(2);
        using var setup = AmalgamationSetup.Open(recipe, new ComputeOptions(ComputeDevice.Cpu, 2), message => Assert.Fail(message));
        bool normalised = pair == "mnist-fashion";
        using GateEvidence evidence = GateEvidence.Collect(recipe.Teachers, setup.Train, setup.Compute, withStatistics: normalised);
        int[] truth = [.. Enumerable.Range(0, setup.Train.Count).Select(setup.Train.SourceOf)];
        foreach (GateKind kind in Enum.GetValues<GateKind>().Where(k => k != GateKind.Domain && (k != GateKind.Statistics || normalised)))
        {
            foreach (GateEvidenceKind shown in Enum.GetValues<GateEvidenceKind>().Where(e => new GateRecipe(kind).HasClusters ? e != GateEvidenceKind.Statistics || normalised : e == default))
            {
                using torch.Tensor owners = GateEstimate.Owners(evidence, new GateRecipe(kind, Evidence: shown), seed: 1);
                double right = owners.data<long>().Select((o, i) => o == truth[i] ? 1.0 : 0).Average();
                TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{pair}, {kind} of {shown}: {100 * right:0.00} % of {truth.Length}"));
            }
        }
    }
}
