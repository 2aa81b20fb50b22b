using OnnxAmalgam.Training.CommonSpace;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Features;

/// <summary>How unlikely each teacher's feature is, given the student's: a Gaussian whose mean is learnt from the student's feature and whose
/// variance is learnt for each channel.</summary>
/// <remarks>
/// L_i = mean over all elements of [(mu_i(F_S) - F_i)^2 / s_c^2 + log s_c^2] / 2, s_c^2 = log(1 + exp a_c) + 1e-5, 5 at the start;
/// mu_i = Conv1x1, ReLU, Conv1x1, ReLU, Conv1x1, all as wide as the teacher's feature, without bias.
/// Ahn et al., <i>Variational Information Distillation for Knowledge Transfer</i>, CVPR 2019 (arXiv 1904.05835).
/// It may be negative: a channel that is predicted well has a small variance. A widely used re-implementation keeps a_c in a plain list,
/// so that it is never optimised; here it is a parameter, as in the paper.
/// </remarks>
internal sealed class VariationalInformation : FeatureLoss
{
    const double Epsilon = 1e-5;
    const double StartVariance = 5;
    readonly ModuleList<FeaturePredictor> predictors;

    /// <summary>Draws a predictor for each tap.</summary>
    public VariationalInformation(int student, IReadOnlyList<int> teachers, bool pooled, WeightSource source) : base(nameof(VariationalInformation))
    {
        predictors = new([.. teachers.Select(c => new FeaturePredictor(student, c, pooled, source))]);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor ToEach(Tensor student, IReadOnlyList<Tensor> teachers)
    {
        using var scope = NewDisposeScope();
        return stack(teachers.Select((f, i) => PerImage(predictors[i].Unlikelihood(student, f))).ToArray()).MoveToOuterDisposeScope();
    }

    /// <summary>mu_i and s_i.</summary>
    sealed class FeaturePredictor : nn.Module
    {
        readonly BiasFreeLayer conv1;
        readonly BiasFreeLayer conv2;
        readonly BiasFreeLayer conv3;
        readonly Parameter variance;

        public FeaturePredictor(int inputs, int outputs, bool pooled, WeightSource source) : base(nameof(FeaturePredictor))
        {
            int? pixel = pooled ? null : 1;
            conv1 = new(inputs, outputs, pixel, source);
            conv2 = new(outputs, outputs, pixel, source);
            conv3 = new(outputs, outputs, pixel, source);
            variance = source.Fill([outputs], Math.Log(Math.Exp(StartVariance - Epsilon) - 1));
            RegisterComponents();
        }

        public Tensor Unlikelihood(Tensor student, Tensor feature)
        {
            var mean = conv3.forward(conv2.forward(conv1.forward(student).relu_()).relu_());
            long[] perChannel = [1, -1, .. Enumerable.Repeat(1L, (int)feature.dim() - 2)];
            var square = (nn.functional.softplus(variance) + Epsilon).view(perChannel);
            return ((mean - feature).square() / square + square.log()) / 2;
        }
    }
}
