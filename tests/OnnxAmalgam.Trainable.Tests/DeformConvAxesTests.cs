using static OnnxAmalgam.Trainable.Tests.Conformance.Case;
using static TorchSharp.torch;

namespace OnnxAmalgam.Trainable.Tests;

/// <summary>DeformConv over other than two spatial axes, which ONNX Runtime has no kernel for: compared with what it and Conv compute.</summary>
public sealed class DeformConvAxesTests
{
    [Fact]
    public void Over_one_axis_it_is_two_axes_of_which_one_has_a_single_element()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        manual_seed(1);
        var (x, w, bias) = (randn(2, 4, 9), randn(6, 2, 3), randn(6));
        var (offsets, mask) = (randn(2, 6, 4), rand(2, 6, 4)); // two offset groups of three taps
        var high = stack([zeros_like(offsets), offsets], 2).reshape(2, 12, 1, 4);

        var line = Run(x, w, offsets, bias, mask, [1, 1], [2], [2]);
        var plane = Run(x.unsqueeze(2), w.unsqueeze(2), high, bias, mask.unsqueeze(2), [0, 1, 0, 1], [1, 2], [1, 2]);

        Compare.Close(plane.squeeze(2), line, 1e-6, 1e-6, "one axis");
    }

    [Fact]
    public void Over_three_axes_whole_offsets_take_the_neighbours_and_halves_their_means()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        manual_seed(2);
        var (x, w) = (randn([2, 2, 4, 5, 6]), randn([3, 2, 2, 2, 2]));
        var offsets = zeros([2, 24, 3, 4, 5]);
        var moves = offsets.reshape(2, 8, 3, 3, 4, 5);
        moves.select(2, 0).fill_(1);
        moves.select(2, 1).fill_(-1);
        moves.select(2, 2).fill_(0.5);

        var padded = nn.functional.pad(x, [0, 1, 1, 0, 0, 1]); // last axis first: what lies outside is 0
        var moved = padded.narrow(2, 1, 4).narrow(3, 0, 5);
        moved = (moved.narrow(4, 0, 6) + moved.narrow(4, 1, 6)) / 2;

        Compare.Close(nn.functional.conv3d(moved, w), Run(x, w, offsets, null, null, [0, 0, 0, 0, 0, 0], [1, 1, 1], [1, 1, 1], 1, 1), 1e-5, 1e-5, "three axes");
    }

    static Tensor Run(Tensor x, Tensor w, Tensor offsets, Tensor? bias, Tensor? mask, long[] pads, long[] strides, long[] dilations, long groups = 2, long offsetGroups = 2)
    {
        var model = new TinyModel(19).Typed("x", x).Stored("w", w.clone()).Stored("offsets", offsets.clone());
        if (bias is not null) model.Stored("bias", bias.clone()).Stored("mask", mask!.clone());
        model.Node("DeformConv", bias is null ? "x w offsets" : "x w offsets bias mask", "y",
            A("pads", pads), A("strides", strides), A("dilations", dilations), A("group", groups), A("offset_group", offsetGroups)).Output("y");
        using var graph = new TrainableGraph(model.Build());
        graph.eval();
        return graph.forward(x);
    }
}
