using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>The block of a later toolkit by the same group (KamalEngine): with biases and batch normalisation, aligners as wide as the space.</summary>
/// <remarks>
/// On maps: a_k = relu(BN(Conv1x1(F_k; c_k -> ch))); h_k = extractor(a_k), residual blocks relu(BN(Conv3x3(relu(BN(Conv3x3 x)))) + x),
/// one extractor for all; rebuilt F_i = Conv1x1(relu(BN(Conv1x1(h_i; ch -> c_i))); c_i -> c_i).
/// On pooled features: a_k = relu(L(F_k)); h_k = L(relu(L(a_k))), one for all, whatever the number of blocks; rebuilt F_i = L(relu(L(h_i))).
/// There ch is a quarter of the student's width and there are two blocks. Batch normalisation is by the batch's own statistics, each
/// feature's alone: the block is discarded after training, so no running ones are kept.
/// Features of the pooled form may be negative.
/// </remarks>
internal sealed class NormalisedBlock : CommonBlock
{
    readonly Sequence alignStudent;
    readonly ModuleList<Sequence> alignTeachers;
    readonly ModuleList<nn.Module<Tensor, Tensor>> extractor;
    readonly ModuleList<Sequence> decoders;

    /// <summary>Draws all weights: aligners (student, teachers), extractor, decoders. The module owns them.</summary>
    public NormalisedBlock(int student, IReadOnlyList<int> teachers, CommonSpaceOptions options, WeightSource source) : base(nameof(NormalisedBlock))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Blocks, 1);
        var (ch, pooled) = (options.Channels, options.Pooled);
        Sequence Align(int channels) => new(Layer(channels, ch), Norm(ch), new Rectifier());
        alignStudent = Align(student);
        alignTeachers = new([.. teachers.Select(Align)]);
        extractor = new(pooled
            ? [new Sequence(Layer(ch, ch), new Rectifier(), Layer(ch, ch))]
            : [.. Enumerable.Range(0, options.Blocks).Select(_ => (nn.Module<Tensor, Tensor>)new Residual(ch, source))]);
        decoders = new(!options.Reconstructs ? [] : [.. teachers.Select(c => new Sequence(Layer(ch, c), Norm(c), new Rectifier(), Layer(c, c)))]);
        RegisterComponents();

        AffineLayer Layer(int inputs, int outputs) => new(inputs, outputs, pooled, source);
        nn.Module<Tensor, Tensor>? Norm(int channels) => pooled ? null : new BatchNormalisation(channels, source);
    }

    /// <inheritdoc/>
    public override CommonFeatures Forward(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        Tensor[] all = [Extract(alignStudent.forward(student)), .. teachers.Select((t, i) => Extract(alignTeachers[i].forward(t)))];
        var rebuilt = decoders.Select((d, i) => d.forward(all[i + 1]).MoveToOuterDisposeScope()).ToArray();
        return new(stack(all).MoveToOuterDisposeScope(), rebuilt);
    }

    Tensor Extract(Tensor aligned)
    {
        foreach (var block in extractor) aligned = block.forward(aligned);
        return aligned;
    }

    /// <summary>relu(BN(Conv3x3(relu(BN(Conv3x3 x)))) + x).</summary>
    sealed class Residual : nn.Module<Tensor, Tensor>
    {
        readonly BiasFreeLayer conv1;
        readonly BatchNormalisation norm1;
        readonly BiasFreeLayer conv2;
        readonly BatchNormalisation norm2;

        public Residual(int channels, WeightSource source) : base(nameof(Residual))
        {
            conv1 = new(channels, channels, 3, source);
            norm1 = new(channels, source);
            conv2 = new(channels, channels, 3, source);
            norm2 = new(channels, source);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using var scope = NewDisposeScope();
            var inner = norm1.forward(conv1.forward(input)).relu();
            return (norm2.forward(conv2.forward(inner)) + input).relu().MoveToOuterDisposeScope();
        }
    }
}
