using OnnxAmalgam.Training.CommonSpace;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Search;

/// <summary>What a batch's features came to.</summary>
/// <param name="Given">sum_i b_i C_i(A_i)[n, c, h, w]: what the student's head is given instead of its own feature.</param>
/// <param name="Aggregated">A_i on the student's grid, channels first.</param>
internal sealed record BridgedFeatures(Tensor Given, IReadOnlyList<Tensor> Aggregated);

/// <summary>Weights over the taps of each teacher and over teachers, and the maps of the bridge between them and the student.</summary>
/// <remarks>
/// A_i = sum_j softmax(a_i)_j F_ij over a teacher's taps of one grid and number of channels, b = softmax over teachers.
/// Teacher to student: sum_i b_i C_i(A_i) goes through the student's layers behind its tap to scores, which the soft targets judge: it wants
/// features that tell classes apart. Student to teacher: sum_i b_i |D_i(S) - A_i|^2 / var(A_i): it wants features that the student can learn.
/// C_i and D_i are 1x1 maps. Guan et al., ECCV 2020 (arXiv 2008.00506). There true labels judge, teachers are one, and the second
/// path is not divided: here it is, so that neither a tap nor a teacher is preferred for being small.
/// </remarks>
internal sealed class BridgeLoss : nn.Module
{
    readonly TapAdapter adapter;
    readonly int[] counts;
    readonly ParameterList taps;
    readonly Parameter teachers;
    readonly ModuleList<AffineLayer> toStudent;
    readonly ModuleList<AffineLayer> toTeacher;

    /// <summary>Starts with equal weights; the module owns all it makes.</summary>
    /// <param name="student">The student's tap, with a grid.</param>
    /// <param name="groups">What each teacher's taps share, and how many they are.</param>
    /// <param name="source">Where the maps' weights come from.</param>
    public BridgeLoss(TapShape student, IReadOnlyList<(TapShape Shape, int Count)> groups, WeightSource source) : base(nameof(BridgeLoss))
    {
        adapter = new(student, [.. groups.Select(g => g.Shape)]);
        counts = [.. groups.Select(g => g.Count)];
        taps = new([.. counts.Select(count => source.Fill([count], 0))]);
        teachers = source.Fill([groups.Count], 0);
        toStudent = new([.. groups.Select(g => new AffineLayer(g.Shape.Channels, student.Channels, pooled: false, source))]);
        toTeacher = new([.. groups.Select(g => new AffineLayer(student.Channels, g.Shape.Channels, pooled: false, source))]);
        RegisterComponents();
    }

    /// <summary>The logits a_i and b.</summary>
    public IEnumerable<(string Name, Parameter Value)> Logits => [.. taps.Select((p, i) => ($"taps.{i}", p)), ("teachers", teachers)];

    /// <summary>The 1x1 maps' parameters.</summary>
    public IEnumerable<(string Name, Parameter Value)> Maps => toStudent.named_parameters().Select(p => ("to_student." + p.name, p.parameter))
        .Concat(toTeacher.named_parameters().Select(p => ("to_teacher." + p.name, p.parameter)));

    /// <summary>softmax(a_i) of each teacher, then b: numbers that sum to 1 each.</summary>
    public (double[][] Taps, double[] Teachers) Weights()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        return ([.. taps.Select(Shares)], Shares(teachers));

        static double[] Shares(Tensor logits) => [.. logits.detach().cpu().to_type(ScalarType.Float64).softmax(0).data<double>()];
    }

    /// <summary>F_ij as the graphs lay them out, teacher by teacher, to what the student's head is given; the caller owns the results.</summary>
    public BridgedFeatures Aggregate(IReadOnlyList<Tensor> features)
    {
        using var scope = NewDisposeScope();
        Tensor shares = teachers.softmax(0);
        var aggregated = new Tensor[counts.Length];
        Tensor? given = null;
        for (int i = 0, next = 0; i < counts.Length; next += counts[i++])
        {
            Tensor weights = taps[i].softmax(0);
            Tensor sum = features[next] * weights[0];
            for (int j = 1; j < counts[i]; j++)
            {
                sum += features[next + j] * weights[j];
            }

            aggregated[i] = adapter.Teacher(i, sum, teachers.dtype);
            Tensor part = toStudent[i].forward(aggregated[i]) * shares[i];
            given = given is null ? part : given + part;
        }

        foreach (Tensor tensor in aggregated)
        {
            tensor.MoveToOuterDisposeScope();
        }

        return new BridgedFeatures(given!.MoveToOuterDisposeScope(), aggregated);
    }

    /// <summary>The student's tap as its graph lays it out, and A_i -> scalar.</summary>
    public Tensor StudentToTeachers(Tensor student, IReadOnlyList<Tensor> aggregated)
    {
        using var scope = NewDisposeScope();
        Tensor own = adapter.Student(student), shares = teachers.softmax(0);
        var parts = aggregated.Select((a, i) => (toTeacher[i].forward(own) - a).square().mean() / (Variance(a) + 1e-6) * shares[i]);
        return stack(parts.ToArray()).sum().MoveToOuterDisposeScope();
    }

    /// <summary>Mean over channels of the variance over images and places.</summary>
    static Tensor Variance(Tensor feature) => (feature - feature.mean([0, 2, 3], keepdim: true)).square().mean();
}
