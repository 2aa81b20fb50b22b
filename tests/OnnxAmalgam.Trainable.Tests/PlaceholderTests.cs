namespace OnnxAmalgam.Trainable.Tests;

public sealed class PlaceholderTests
{
    [Fact]
    public void Torch_loads()
    {
        using var t = TorchSharp.torch.ones(3);
        Assert.Equal(3, t.sum().item<float>());
    }
}
