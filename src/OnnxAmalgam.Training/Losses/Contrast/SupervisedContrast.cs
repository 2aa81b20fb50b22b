using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Losses.Contrast;

/// <summary>Contrast between images that share a label and images that do not, for labels that the teachers give.</summary>
/// <remarks>
/// Y[n, labels] multi-hot; for a label c, P_c the images that have it, N_c those that have others; Ham the number of labels in which two differ, C of all:
/// p_ij = exp(s_ij / tau) (1 - Ham(y_i, y_j) / C), n_ik = exp(s_ik / tau) Ham(y_i, y_k);
/// L_s = sum_c mean_(i, j in P_c) log((sum_(k in N_c) n_ik + p_ij) / (p_ij |N_c|)), over labels with images on both sides.
/// s_ij is the cosine of image i's two views side by side with image j's; the term is the sum over pairs of views. An image is its own
/// positive too, as published. With one label an image (<see cref="ArgMaxLabels"/>) all weights are 1, as in the published multi-class form.
/// Zheng et al., <i>Heterogeneous Contrastive Learning</i> (HeroCon), KDD 2022 (arXiv 2105.09401), after its code.
/// Known differences: there labels are true ones, here the teachers' target; the code divides by |N_c| in one model and |N_c| + 1 in another
/// (here |N_c|); it joins views after batch normalisation, here each is a unit vector first, so that s_ij is the mean of the two views'
/// cosines and neither view decides by its scale. An image that the teachers give no label is on neither side.
/// The sum over labels grows with the number of labels in a batch, and the loss with the batch: it depends on the batch size by definition.
/// </remarks>
internal static class SupervisedContrast
{
    /// <summary>The logarithm that stands for that of zero: finite, so that a row without negatives has a gradient, of zero.</summary>
    const double None = -1e30;

    /// <summary>H[1 + k, n, c, ...], the student's first, and Y[n, labels] (bool) -> L[k].</summary>
    /// <param name="term">Pairs, temperature and, by its labels, weights.</param>
    /// <param name="features">Features of the common space.</param>
    /// <param name="labels">Which labels each image has.</param>
    /// <param name="teachers">The teacher of each tap.</param>
    public static Tensor ToEach(SupervisedContrastiveTerm term, Tensor features, Tensor labels, IReadOnlyList<int> teachers)
    {
        using var scope = NewDisposeScope();
        var units = ViewPairs.Units(features);
        var pairs = ViewPairs.Of(term.Pairs, teachers);
        var has = labels.to_type(features.dtype);
        var known = labels.any(1).to_type(features.dtype).unsqueeze(1);
        var (same, different) = Weights(has, severalLabels: term.Labels is not ArgMaxLabels);
        Membership members = new(labels.nonzero(), has, (1 - has) * known);
        var cosines = units.bmm(units.transpose(1, 2)) / term.Temperature;
        return ViewPairs.ByTap(pairs, [.. pairs.Select(p => Loss((cosines[p.First] + cosines[p.Second]) / 2, same, different, members))], features).MoveToOuterDisposeScope();
    }

    /// <summary>Y[n, labels] -> 1 - Ham / C and Ham, both [n, n]; ones where images have one label each.</summary>
    static (Tensor Same, Tensor Different) Weights(Tensor has, bool severalLabels)
    {
        if (!severalLabels) return (has.new_ones(has.shape[0], has.shape[0]), has.new_ones(has.shape[0], has.shape[0]));
        var hamming = has.mm((1 - has).t()) + (1 - has).mm(has.t());
        return (1 - hamming / (double)has.shape[1], hamming);
    }

    /// <param name="Rows">(i, c)[r, 2] of every label that an image has.</param>
    /// <param name="Has">Y[n, labels].</param>
    /// <param name="Lacks">1 where an image has other labels but not this one.</param>
    sealed record Membership(Tensor Rows, Tensor Has, Tensor Lacks);

    static Tensor Loss(Tensor cosines, Tensor same, Tensor different, Membership members)
    {
        // [r, n]: a row for each label of each image, an entry for each image as its partner; in logarithms, so that no temperature is too small
        var (image, label) = (members.Rows.select(1, 0), members.Rows.select(1, 1));
        var own = cosines.index_select(0, image);
        var against = different.index_select(0, image) * members.Lacks.t().index_select(0, label);
        var negatives = (own + against.where(against.gt(0), against.new_ones(1)).log()).masked_fill(against.le(0), None).logsumexp(1, keepdim: true);
        var partners = members.Has.t().index_select(0, label);
        var (positives, negativeCounts) = (members.Has.sum([0]), members.Lacks.sum([0]));
        // a label that all images have has no negatives and does not count
        var share = (negativeCounts.gt(0) / positives.clamp_min(1).square()).index_select(0, label).unsqueeze(1) * partners;
        // where two images share no label the weight may be 0; such an entry does not count
        var weights = same.index_select(0, image);
        var positive = own + weights.where(partners.gt(0), weights.new_ones(1)).log();
        var ratio = logaddexp(negatives, positive) - positive - negativeCounts.clamp_min(1).index_select(0, label).log().unsqueeze(1);
        return (ratio * share).sum();
    }
}
