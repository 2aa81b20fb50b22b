using OnnxAmalgam.Graphs;
using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Quality;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Quality;

public sealed class TapSampleTests
{
    [Theory]
    [InlineData(TapKind.Spatial, 1)]
    [InlineData(TapKind.Spatial, 3)]
    [InlineData(TapKind.Tokens, 2)]
    [InlineData(TapKind.Pooled, 1)]
    public void Features_are_averaged_and_silence_is_counted_over_images_and_positions(TapKind kind, int axis)
    {
        using var scope = NewDisposeScope();
        Tensor feature = Tensors.Random(1, kind == TapKind.Spatial ? [5, 3, 2, 4] : kind == TapKind.Tokens ? [5, 3, 4] : [5, 3]);
        Tensor laid = axis == 1 ? feature : feature.movedim([1], [axis]);
        using var sample = new TapSample(new TapShape("tap", kind, axis, laid.shape));
        sample.Add(laid.narrow(0, 0, 2));
        sample.Add(laid.narrow(0, 2, 3));

        Tensor flat = feature.reshape(5, 3, -1);
        Tensors.Close(flat.mean([2]), sample.Features());
        Tensors.Close((flat <= 0).to_type(ScalarType.Float64).mean([0, 2]), sample.Sparsity());
    }
}
