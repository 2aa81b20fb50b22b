using System.Reflection;
using OnnxAmalgam.Tests.Shared;

namespace OnnxAmalgam.Cli.Tests.PublicApi;

/// <summary>What others can call, one file a library: a change of it shows in review.</summary>
public sealed class PublicApiTests
{
    [Theory]
    [InlineData("OnnxAmalgam.Graphs")]
    [InlineData("OnnxAmalgam.Trainable")]
    [InlineData("OnnxAmalgam.Teachers")]
    [InlineData("OnnxAmalgam.Training")]
    public void The_public_surface_of_a_library_is_the_committed_one(string library) =>
        Golden.Equal(ApiText.Of(Assembly.Load(library)), "tests", "OnnxAmalgam.Cli.Tests", "PublicApi", $"{library}.txt");
}
