using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Scores;

/// <summary>Streamlined distillation's second part: how the scores of a batch's images lie to each other, in the student and in each teacher.</summary>
/// <remarks>
/// At teacher i's labels, C of them, u_n = z_S / |z_S| and v_n = z_i / |z_i|; D[n, m] = w_m (&lt;u_n, u_m&gt; - &lt;v_n, v_m&gt;) / C, d_n its rows;
/// Sigma = covariance of the d_n weighted by w + lambda 1; L_i = mean_n w_n sqrt(d_n Sigma^-1 d_n), summed over teachers. It is the length of d_n
/// where the batch's differences are whitened: what all images have in common counts little, lambda says how little. w: the gate's weights under
/// <c>gated</c> and <c>restricted</c> labels, so that a teacher is compared on its own images only; else 1.
/// <i>Streamlined Knowledge Distillation</i> (SKD), CVPR 2026 (github.com/HyunJunSik/StreamLined), lambda = 0.1, beside the divergence of soft targets
/// at T = 4 with the same weight. Known differences: its code multiplies both parts, already averaged, by masks of the less sure half of the images and
/// of the rarer half of the classes, which only halves them; here there are no masks. It knows one teacher; several are summed, each at its own labels.
/// The diagonal of D is 0 and d_n has an entry an image, so by its definition the loss depends on the batch size; of a single image nothing is said.
/// </remarks>
internal static class StreamlinedTarget
{
    /// <summary>z_S[n, classes_i], z_i[n, classes_i] -> scalar L_i.</summary>
    /// <param name="student">The student's scores at the teacher's labels, in the teacher's order.</param>
    /// <param name="teacher">The teacher's scores.</param>
    /// <param name="weights">w[n]; null: all one.</param>
    /// <param name="tikhonov">lambda, above 0.</param>
    public static Tensor Direction(Tensor student, Tensor teacher, Tensor? weights, double tikhonov)
    {
        using var scope = NewDisposeScope();
        // In double, as rounding could leave a covariance in float32 less than positive definite.
        var w = weights?.to_type(ScalarType.Float64) ?? ones(student.shape[0], ScalarType.Float64, student.device);
        var difference = (Cosines(student) - Cosines(teacher)) * (w / student.shape[1]);
        var counted = w.sum();
        var mean = (difference * w.unsqueeze(1)).sum(0, keepdim: true) / counted.clamp_min(Smallest);
        var centred = (difference - mean) * w.sqrt().unsqueeze(1);
        var covariance = centred.t().mm(centred) / (counted - 1).clamp_min(1) + eye(w.shape[0], dtype: ScalarType.Float64, device: w.device) * tikhonov;
        var whitened = linalg.solve_triangular(linalg.cholesky(covariance), difference.t(), upper: false);
        // The square root has no derivative at zero, where an image that is alone with its teacher lies.
        var lengths = whitened.square().sum([0]).clamp_min(Smallest).sqrt();
        return (lengths * w).mean().to_type(student.dtype).MoveToOuterDisposeScope();
    }

    const double Smallest = 1e-24;

    static Tensor Cosines(Tensor scores)
    {
        var units = nn.functional.normalize(scores.to_type(ScalarType.Float64), p: 2, dim: 1);
        return units.mm(units.t());
    }
}
