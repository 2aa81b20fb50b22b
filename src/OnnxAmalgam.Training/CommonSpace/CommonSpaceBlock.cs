using OnnxAmalgam.Training.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.CommonSpace;

/// <summary>Size and form of a common space.</summary>
/// <param name="Channels">Width of the common space; aligners are twice as wide.</param>
/// <param name="Blocks">Residual blocks of the shared extractor.</param>
/// <param name="Pooled">Linear maps on F[n, c] instead of convolutions on F[n, c, h, w].</param>
/// <param name="Reconstructs">Whether there are decoders.</param>
/// <param name="Form">Whose block.</param>
internal sealed record CommonSpaceOptions(int Channels = 128, int Blocks = 3, bool Pooled = false, bool Reconstructs = true, CommonForm Form = CommonForm.Published);

/// <summary>Everything one batch has in the common space.</summary>
/// <param name="Features">H[1 + taps, n, channels, ...], the student's first, then the teachers' in tap order; not negative.</param>
/// <param name="Reconstructions">Each teacher tap rebuilt, F[n, c_i, ...]; empty where there are no decoders.</param>
internal sealed record CommonFeatures(Tensor Features, IReadOnlyList<Tensor> Reconstructions);

/// <summary>Learned maps of the student's and each teacher's feature into one space, used in training only.</summary>
internal abstract class CommonBlock(string name) : nn.Module(name)
{
    /// <summary>Brings one batch into the common space and, where there are decoders, back.</summary>
    /// <param name="student">F_S[n, c, ...].</param>
    /// <param name="teachers">F_i[n, c_i, ...] on the student's grid and in its dtype, in tap order.</param>
    public abstract CommonFeatures Forward(Tensor student, IReadOnlyList<Tensor> teachers);

    /// <summary>Makes the block of a form.</summary>
    /// <param name="student">Channels of the student's tap.</param>
    /// <param name="teachers">Channels of each teacher tap, in tap order.</param>
    /// <param name="options">Size and form.</param>
    /// <param name="source">Where the weights come from.</param>
    public static CommonBlock Create(int student, IReadOnlyList<int> teachers, CommonSpaceOptions options, WeightSource source) => options.Form switch
    {
        CommonForm.Kae => new NormalisedBlock(student, teachers, options, source),
        _ => new CommonSpaceBlock(student, teachers, options, source),
    };
}

/// <summary>The published block.</summary>
/// <remarks>
/// Luo et al., <i>Knowledge Amalgamation from Heterogeneous Networks by Common Feature Learning</i>, IJCAI 2019 (arXiv 1906.10546):
/// aligned a_k = relu(Conv1x1(F_k; c_k -> 2 ch)), one per tap; h_k = extractor(a_k), one extractor for all, 2 ch -> ch then ch -> ch;
/// rebuilt F_i = Conv1x1(relu(Conv3x3(h_i; ch -> c_i)); c_i -> c_i), teachers only. No biases.
/// As the published code is run: its batch normalisation is commented out and its own initialisation never called, so weights start
/// from kaiming_uniform(a = sqrt 5).
/// The pooled form replaces every convolution by a linear map without bias and keeps the rest, shortcuts included.
/// The extractor sees student and teachers as one batch: the same numbers as one pass each, in one call per layer.
/// </remarks>
internal sealed class CommonSpaceBlock : CommonBlock
{
    readonly BiasFreeLayer alignStudent;
    readonly ModuleList<BiasFreeLayer> alignTeachers;
    readonly ModuleList<ResidualBlock> extractor;
    readonly ModuleList<FeatureDecoder> decoders;

    /// <summary>Draws all weights: aligners (student, teachers), extractor, decoders. The module owns them.</summary>
    /// <param name="studentChannels">Channels of the student's tap.</param>
    /// <param name="teacherChannels">Channels of each teacher tap, in tap order.</param>
    /// <param name="options">Size and form.</param>
    /// <param name="source">Where the weights come from.</param>
    public CommonSpaceBlock(int studentChannels, IReadOnlyList<int> teacherChannels, CommonSpaceOptions options, WeightSource source) : base(nameof(CommonSpaceBlock))
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Blocks, 1);
        int? pixel = options.Pooled ? null : 1;
        var aligned = 2 * options.Channels;
        alignStudent = new(studentChannels, aligned, pixel, source);
        alignTeachers = new([.. teacherChannels.Select(c => new BiasFreeLayer(c, aligned, pixel, source))]);
        extractor = new([.. Enumerable.Range(0, options.Blocks).Select(i => new ResidualBlock(i == 0 ? aligned : options.Channels, options.Channels, options.Pooled, source))]);
        decoders = new(options.Reconstructs ? [.. teacherChannels.Select(c => new FeatureDecoder(options.Channels, c, options.Pooled, source))] : []);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override CommonFeatures Forward(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        Tensor[] aligned = [alignStudent.forward(student), .. teachers.Select((t, i) => alignTeachers[i].forward(t))];
        var features = cat(aligned).relu_();
        foreach (var block in extractor) features = block.forward(features);
        features = features.view([aligned.Length, student.shape[0], .. features.shape[1..]]);
        var each = features.unbind(0);
        var reconstructions = decoders.Select((d, i) => d.forward(each[i + 1]).MoveToOuterDisposeScope()).ToArray();
        return new(features.MoveToOuterDisposeScope(), reconstructions);
    }
}
