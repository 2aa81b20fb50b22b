using OnnxAmalgam.Graphs;
using TorchSharp;

namespace OnnxAmalgam.Trainable.Tests;

public sealed class ChannelsLastTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void The_same_numbers_with_the_channels_innermost(int channels)
    {
        using var images = torch.arange(2 * channels * 4 * 5, torch.ScalarType.Float32).view(2, channels, 4, 5);
        using var laid = ChannelsLast.Of(images);
        Assert.Equal([20 * channels, 1, 5 * channels, channels], laid.stride());
        Assert.True(laid.equal(images).all().item<bool>());
        Assert.Same(laid, ChannelsLast.Of(laid));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_part_of_a_larger_tensor_is_laid_out_from_where_it_starts(int channels)
    {
        using var all = torch.arange(3 * channels * 4 * 5, torch.ScalarType.Float32).view(3, channels, 4, 5);
        using var part = all.narrow(0, 1, 2);
        using var laid = ChannelsLast.Of(part);
        Assert.True(laid.equal(part).all().item<bool>());
        using var again = ChannelsLast.Of(ChannelsLast.Of(all).narrow(0, 1, 2));
        Assert.True(again.equal(part).all().item<bool>());
    }

    [Fact]
    public void Other_ranks_are_left_alone()
    {
        using var tokens = torch.zeros(2, 3, 4);
        Assert.Same(tokens, ChannelsLast.Of(tokens));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void They_stay_there_through_a_network_of_convolutions(int channels)
    {
        using var graph = new TrainableGraph(StudentZoo.Build("zoo:resnet(widths=[8,16], blocks=[1,1])", channels, 8, 8, 4, seed: 1));
        string map = graph.WriteBack().Proto.Graph.Node.Last(n => n.OpType == "Relu").Output[0];
        using var images = torch.rand(2, channels, 8, 8);
        using var feature = graph.Run(new Dictionary<string, torch.Tensor> { [graph.InputNames[0]] = images }, [map])[0];
        Assert.Equal([16 * 4 * 4, 1, 16 * 4, 16], feature.stride());
    }

    /// <summary>libtorch's own gradient here writes beyond its memory and ends the process.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(12)]
    public void A_strided_point_convolution_of_few_channels_trains_on_large_images(int channels)
    {
        using var scope = torch.NewDisposeScope();
        OnnxModel model = StudentZoo.Build($"zoo:resnet(widths=[{channels},{2 * channels}], blocks=[1,1])", 3, 56, 56, 2, seed: 1);
        using var graph = new TrainableGraph(model);
        graph.train();
        for (int step = 0; step < 3; step++)
        {
            using var inner = torch.NewDisposeScope();
            torch.Tensor images = ChannelsLast.Of(torch.randn(64, 3, 56, 56));
            graph.Run(new Dictionary<string, torch.Tensor> { ["images"] = images }, ["logits"])[0].square().mean().backward();
        }

        Assert.All(graph.Initializers.Values.Where(p => p.grad is not null), p => Assert.True(p.grad!.isfinite().all().item<bool>()));
    }
}
