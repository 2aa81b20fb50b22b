using OnnxAmalgam.Training.CommonSpace;
using OnnxAmalgam.Training.Losses.Features;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Tests.Losses;

public sealed class FeatureLossTests
{
    const int Channels = 3, TeacherChannels = 4;

    static readonly Dictionary<string, LossTerm> Terms = new()
    {
        ["hint"] = new HintTerm(1),
        ["attention"] = new AttentionTerm(1),
        ["similarity"] = new SimilarityTerm(1),
        ["rkd"] = new RkdTerm(1, Distance: 2, Angle: 3),
        ["pkt"] = new PktTerm(1),
        ["vid"] = new VidTerm(1),
        ["smooth_cosine"] = new SmoothCosineTerm(1),
        ["layer_wise"] = new LayerWiseTerm(1),
        ["voted_features"] = new VotedFeaturesTerm(1, Channels: 6),
        ["nst"] = new NstTerm(1),
        ["cc"] = new CongruenceTerm(1),
        ["ickd"] = new IckdTerm(1),
        ["srd"] = new ProjectorTerm(1),
    };

    public static TheoryData<string> Names => [.. Terms.Keys];

    static FeatureLoss Make(string name, bool pooled = false, params int[] teachers) =>
        FeatureLoss.Create(Terms[name], Channels, teachers.Length == 0 ? [TeacherChannels] : teachers, pooled, new WeightSource(7, CPU, ScalarType.Float64));

    /// <summary>The maps' parameters by name, all of them 0 now.</summary>
    static Dictionary<string, TorchSharp.Modules.Parameter> Zeroed(FeatureLoss loss)
    {
        using var guard = no_grad();
        var named = loss.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        foreach (var parameter in named.Values) parameter.fill_(0);
        return named;
    }

    static Tensor One(FeatureLoss loss, Tensor student, Tensor teacher)
    {
        var each = loss.ToEach(student, [teacher]);
        return each.dim() == 2 ? each.mean() : each.sum();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Gradients_match_differences_on_maps_and_on_pooled_features(string name)
    {
        using var scope = NewDisposeScope();
        using var maps = Make(name);
        var feature = Tensors.Random(2, 4, TeacherChannels, 2, 3) + 0.2;
        // similarities are small numbers; scaled up, their gradient is seen
        double scale = name == "pkt" ? 1000 : name == "similarity" ? 10 : 1;
        Tensors.GradientMatchesDifferences(x => One(maps, x, feature) * scale, Tensors.Random(1, 4, Channels, 2, 3));
        if (name is "attention" or "nst" or "ickd")
            return;
        using var pooled = Make(name, pooled: true);
        Tensors.GradientMatchesDifferences(x => One(pooled, x, feature.mean([2, 3])) * scale, Tensors.Random(1, 4, Channels));
    }

    [Theory]
    [InlineData("hint", 1)]
    [InlineData("attention", 1)]
    [InlineData("rkd", 1)]
    [InlineData("vid", 1)]
    [InlineData("smooth_cosine", 1)]
    [InlineData("layer_wise", 1)]
    [InlineData("voted_features", 1)]
    [InlineData("nst", 1)]
    [InlineData("cc", 1)]
    [InlineData("ickd", 1)]
    [InlineData("srd", 1)]
    [InlineData("similarity", 0.5)]
    [InlineData("pkt", 0.5)]
    public void A_batch_twice_over_has_the_loss_that_its_definition_says(string name, double factor)
    {
        using var scope = NewDisposeScope();
        using var loss = Make(name);
        var (student, teacher) = (Tensors.Random(1, 4, Channels, 2, 2), Tensors.Random(2, 4, TeacherChannels, 2, 2));
        double once = One(loss, student, teacher).Value();
        Assert.True(Math.Abs(once) > 1e-4, $"{once}");
        Assert.Equal(factor * once, One(loss, cat([student, student]), cat([teacher, teacher])).Value(), 1e-6 * Math.Abs(once));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Each_teacher_has_its_own_part_and_learned_maps_are_parameters(string name)
    {
        using var scope = NewDisposeScope();
        using var loss = Make(name, pooled: false, 4, 2);
        var student = Tensors.Variable(1, 3, Channels, 2, 2);
        Tensor[] teachers = [Tensors.Random(2, 3, 4, 2, 2), Tensors.Random(3, 3, 2, 2, 2)];
        var each = loss.ToEach(student, teachers);
        Assert.Equal(2, each.shape[0]);
        each.sum().backward();
        Assert.Contains(student.grad!.Values(), g => g != 0);
        var learned = loss.named_parameters().ToArray();
        Assert.Equal(name switch { "hint" or "smooth_cosine" or "ickd" or "srd" => 4, "layer_wise" => 6, "vid" => 8, "voted_features" => 10, _ => 0 }, learned.Length);
        Assert.All(learned, p => Assert.Contains(p.parameter.grad!.Values(), g => g != 0));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Images_of_equal_features_give_finite_values_and_gradients(string name)
    {
        using var scope = NewDisposeScope();
        using var loss = FeatureLoss.Create(Terms[name], Channels, [TeacherChannels], false, new WeightSource(7, CPU, ScalarType.Float32));
        foreach (var student in new[] { zeros(4, Channels, 2, 2).requires_grad_(), ones(4, Channels, 2, 2).requires_grad_() })
        {
            var value = One(loss, student, Tensors.Random(2, 4, TeacherChannels, 2, 2).to_type(ScalarType.Float32));
            value.backward();
            Assert.True(double.IsFinite(value.Value()));
            Assert.All(student.grad!.Values(), g => Assert.True(double.IsFinite(g) && Math.Abs(g) < 1e6, $"{g}"));
        }
    }

    [Fact]
    public void Hint_and_smooth_cosine_by_hand_with_the_identity_as_map()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (tensor(new[] { 1.0, 2, 3 }, 1, 3), tensor(new[] { 1.0, 0, 6 }, 1, 3));
        using var hint = Identity("hint", pooled: true, Channels);
        Assert.Equal((4 + 9) / 3.0, One(hint, x, y).Value(), 1e-12);
        Assert.Equal(0, One(hint, x, x).Value(), 1e-12);
        using var smooth = Identity("smooth_cosine", pooled: true, Channels);
        double cosine = 19 / Math.Sqrt(14.0 * 37);
        Assert.Equal(0.9 * (1 - cosine) + 0.1 * (1.5 + 2.5) / 3, One(smooth, x, y).Value(), 1e-12);
        Assert.Equal(0, One(smooth, x, x).Value(), 1e-12);
    }

    static FeatureLoss Identity(string name, bool pooled, int channels)
    {
        var loss = FeatureLoss.Create(Terms[name], channels, [channels], pooled, new WeightSource(7, CPU, ScalarType.Float64));
        using var guard = no_grad();
        foreach (var (_, parameter) in loss.named_parameters())
            parameter.copy_(parameter.dim() >= 2 ? eye(channels, dtype: ScalarType.Float64).view(parameter.shape) : zeros(channels, ScalarType.Float64));
        return loss;
    }

    [Fact]
    public void Attention_by_hand_and_blind_to_scale_and_channels()
    {
        using var scope = NewDisposeScope();
        using var loss = Make("attention");
        // maps [3, 4] -> [0.6, 0.8] and [1, 0]
        var student = tensor(new[] { Math.Sqrt(3), 2 }, 1, 1, 1, 2);
        var teacher = tensor(new[] { 1.0, 0 }, 1, 1, 1, 2);
        Assert.Equal((0.16 + 0.64) / 2, One(loss, student, teacher).Value(), 1e-12);
        Assert.Equal(0, One(loss, student, cat([student * 5, student * -2], 1)).Value(), 1e-12);
    }

    [Fact]
    public void Similarity_by_hand_and_blind_to_rotation_and_scale()
    {
        using var scope = NewDisposeScope();
        using var loss = Make("similarity");
        // G = [[1, 1], [1, 2]], rows [1, 1]/sqrt 2 and [1, 2]/sqrt 5; the identity's rows [1, 0], [0, 1]
        var student = tensor(new[] { 1.0, 0, 1, 1 }, 2, 2);
        var a = 1 / Math.Sqrt(2);
        var (b, c) = (1 / Math.Sqrt(5), 2 / Math.Sqrt(5));
        var expected = ((a - 1) * (a - 1) + a * a + b * b + (c - 1) * (c - 1)) / 4;
        Assert.Equal(expected, One(loss, student, eye(2, dtype: ScalarType.Float64)).Value(), 1e-12);
        var turn = tensor(new[] { 0.6, 0.8, -0.8, 0.6 }, 2, 2);
        Assert.Equal(0, One(loss, student, student.mm(turn) * 4).Value(), 1e-12);
    }

    [Fact]
    public void Selectivity_by_hand_and_zero_for_maps_of_the_same_kind()
    {
        using var scope = NewDisposeScope();
        using var loss = Make("nst");
        // unit maps [1, 0] against [0.6, 0.8]: 1 + 1 - 2 * 0.36; against both axes: 1 + 1/2 - 2 * 1/2
        var student = tensor(new[] { 2.0, 0 }, 1, 1, 1, 2);
        Assert.Equal(2 - 2 * 0.36, One(loss, student, tensor(new[] { 3.0, 4 }, 1, 1, 1, 2)).Value(), 1e-12);
        Assert.Equal(0.5, One(loss, student, tensor(new[] { 1.0, 0, 0, 1 }, 1, 2, 1, 2)).Value(), 1e-12);
        Assert.Equal(0, One(loss, student, cat([student * 5, student * -2], 1)).Value(), 1e-12);
    }

    [Fact]
    public void Congruence_by_hand_and_blind_to_rotation_and_scale()
    {
        using var scope = NewDisposeScope();
        using var loss = Make("cc", pooled: true);
        // cosines 1, 0 against 1, 1: the off-diagonal differs by exp(-0.8) (0.8 + 0.32)
        var student = eye(2, dtype: ScalarType.Float64);
        double difference = Math.Exp(-0.8) * (0.8 + 0.32);
        Assert.Equal(difference * difference / 2, One(loss, student, ones(2, 2, ScalarType.Float64)).Value(), 1e-12);
        Assert.Equal(0, One(loss, student, student.mm(tensor(new[] { 0.6, 0.8, -0.8, 0.6 }, 2, 2)) * 4).Value(), 1e-12);
    }

    [Fact]
    public void Channel_similarities_by_hand_with_the_identity_as_map()
    {
        using var scope = NewDisposeScope();
        using var loss = Identity("ickd", pooled: false, 2);
        // channels along one axis (all ones) against channels along two (the identity)
        var student = tensor(new[] { 1.0, 0, 2, 0, 0, 0 }, 1, 3, 1, 2).narrow(1, 0, 2);
        var teacher = tensor(new[] { 3.0, 0, 0, 5 }, 1, 2, 1, 2);
        Assert.Equal(2 / 4.0, One(loss, student, teacher).Value(), 1e-12);
        Assert.Equal(0, One(loss, teacher, teacher * 7).Value(), 1e-12);
    }

    [Fact]
    public void Projector_distance_by_hand_with_the_identity_as_map()
    {
        using var scope = NewDisposeScope();
        using var loss = Identity("srd", pooled: true, 1);
        // both standardised to -1, 1 and to 1, -1: each channel is 2 apart
        var student = tensor(new[] { 0.0, 4 }, 2, 1);
        Assert.Equal(Math.Log(16), One(loss, student, tensor(new[] { 9.0, 3 }, 2, 1)).Value(), 1e-4);
        Assert.Equal(Math.Log(1e-6), One(loss, student, student * 3 + 1).Value(), 1e-2);
        using var wide = Identity("srd", pooled: true, 2);
        Assert.Equal(Math.Log(32), One(wide, student.expand(2, 2), tensor(new[] { 9.0, 9, 3, 3 }, 2, 2)).Value(), 1e-4);
    }

    [Fact]
    public void Voted_features_by_hand_pull_the_student_and_not_the_encoders()
    {
        using var scope = NewDisposeScope();
        using var loss = Make("voted_features", pooled: true, 4, 2);
        var named = Zeroed(loss);
        using (no_grad())
        {
            named["encoders.0.bias"].fill_(2);
            named["encoders.1.bias"].fill_(1);
            named["project.bias"][0].fill_(1);
        }
        // rebuilt ones are 0; of six dimensions that are alike the student has one: a cosine of 1 / sqrt 6, half a teacher
        var own = (1 - 1 / Math.Sqrt(6)) / 2;
        var each = loss.ToEach(zeros(3, Channels, ScalarType.Float64), [full(3, 4, 2.0, ScalarType.Float64), zeros(3, 2, ScalarType.Float64)]);
        Assert.Equal(4 + own, each[0].Value(), 1e-9);
        Assert.Equal(own, each[1].Value(), 1e-9);
        each.sum().backward();
        Assert.All(named["encoders.0.bias"].grad!.Values(), g => Assert.Equal(0, g));
        Assert.Contains(named["project.bias"].grad!.Values(), g => g != 0);
    }

    [Fact]
    public void The_share_of_the_cosine_is_the_recipes()
    {
        using var scope = NewDisposeScope();
        // at right angles, and 1 apart in either channel: a cosine of 0 and half a unit
        var distance = SmoothCosine.Distance(tensor(new[] { 1.0, 0 }, 1, 2), tensor(new[] { 0.0, 1 }, 1, 2), 0.3);
        Assert.Equal(0.3 * 1 + 0.7 * 0.5, distance.sum().Value(), 1e-12);
    }

    [Fact]
    public void Merged_features_give_the_teachers_side_no_gradient_from_the_student_and_back()
    {
        using var scope = NewDisposeScope();
        using var loss = Make("layer_wise", pooled: true, 4, 2);
        var named = Zeroed(loss);
        using (no_grad())
        {
            named["merge.bias"].fill_(2);
            named["split.bias"].fill_(1);
        }
        // the student's map says 0 of a merged feature of twos: 4, half a teacher; rebuilt ones of twos and of zeros: 1 each
        var each = loss.ToEach(zeros(3, Channels, ScalarType.Float64), [full(3, 4, 2.0, ScalarType.Float64), zeros(3, 2, ScalarType.Float64)]);
        Assert.Equal([3.0, 3.0], each.Values());
        each.sum().backward();
        Assert.All(named["merge.bias"].grad!.Values(), g => Assert.Equal(0, g));
        Assert.All(named["adapt.bias"].grad!.Values(), g => Assert.True(g < 0));
    }

    [Fact]
    public void Votes_of_features_by_hand()
    {
        using var scope = NewDisposeScope();
        var encoded = tensor(new[] { 1.0, 3, -2, 0, 2, -1, -4, 0, -6, 1, 3, 0 }, 3, 4);
        // signs of the sums -3, 3, -3, 0: the mean of those that agree
        Tensors.Close(tensor(new[] { -6.0, 2, -3, 0 }), VotedFeatures.Consensus(encoded));
        Tensors.Close(encoded[0], VotedFeatures.Consensus(encoded[..1]));
    }

    [Fact]
    public void Relations_by_hand_and_blind_to_rotation_scale_and_offset()
    {
        using var scope = NewDisposeScope();
        // distances 1 and 3 apart on a line: 1, 2, 3 over their mean 2; the teacher's 1, 1, 2 over 4/3. An angle's cosine is +-1 in both
        // unless the middle changes: it does not.
        var student = tensor(new[] { 0.0, 1, 3 }, 3, 1);
        var teacher = tensor(new[] { 0.0, 1, 2 }, 3, 1);
        double[] errors = [0.5 - 0.75, 1.0 - 0.75, 1.5 - 1.5];
        using var distances = FeatureLoss.Create(new RkdTerm(1, 1, 0), 1, [1], true, new WeightSource(7, CPU, ScalarType.Float64));
        Assert.Equal(2 * errors.Sum(e => e * e / 2) / 9, One(distances, student, teacher).Value(), 1e-12);
        using var angles = FeatureLoss.Create(new RkdTerm(1, 0, 1), 1, [1], true, new WeightSource(7, CPU, ScalarType.Float64));
        Assert.Equal(0, One(angles, student, teacher).Value(), 1e-12);
        // a right angle at the first point against 45 degrees: cosines 0 and 1/sqrt 2 there, 1/sqrt 2 and 0 at the second, 1/sqrt 2 at the third in both
        var corner = tensor(new[] { 0.0, 0, 1, 0, 0, 1 }, 3, 2);
        var other = tensor(new[] { 0.0, 0, 1, 0, 1, 1 }, 3, 2);
        Assert.Equal(4 * (0.5 / 2) / 27, One(angles, corner, other).Value(), 1e-9);
        using var both = Make("rkd", pooled: true);
        var turn = tensor(new[] { 0.6, 0.8, -0.8, 0.6 }, 2, 2);
        Assert.Equal(0, One(both, corner, corner.mm(turn) * 7 + 3).Value(), 1e-9);
    }

    [Fact]
    public void Probabilities_by_hand_and_blind_to_scale()
    {
        using var scope = NewDisposeScope();
        using var loss = Make("pkt", pooled: true);
        // cosines 1 and 0: rows [1, 1/2] / 1.5; the teacher's cosines 1 and -1: rows [1, 0]
        var student = eye(2, dtype: ScalarType.Float64);
        var teacher = tensor(new[] { 1.0, 0, -1, 0 }, 2, 2);
        Assert.Equal(2 * Math.Log(1.5) / 4, One(loss, student, teacher).Value(), 1e-6);
        Assert.Equal(0, One(loss, student, student * 9).Value(), 1e-12);
    }

    [Fact]
    public void Information_by_hand_at_the_starting_variance()
    {
        using var scope = NewDisposeScope();
        using var loss = Make("vid", pooled: true);
        // a student of zeros predicts zeros, whatever the weights
        var teacher = tensor(new[] { 1.0, 2, 3, 4 }, 1, 4);
        Assert.Equal((30.0 / 4 / 5 + Math.Log(5)) / 2, One(loss, zeros(1, Channels, ScalarType.Float64), teacher).Value(), 1e-9);
        using var guard = no_grad();
        var variance = loss.named_parameters().Single(p => p.name.EndsWith("variance", StringComparison.Ordinal)).parameter;
        variance.fill_(-1e3);
        Assert.Equal((30.0 / 4 / 1e-5 + Math.Log(1e-5)) / 2, One(loss, zeros(1, Channels, ScalarType.Float64), teacher).Value(), 1e-3);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    [InlineData(1)]
    public void Coefficients_of_teachers_sum_to_one_and_keep_the_worst_of_each_image(double chance)
    {
        using var scope = NewDisposeScope();
        var losses = Tensors.Random(1, 3, 200);
        var coefficients = TeacherDropping.Coefficients(losses, chance, k => Randomness.ToUnit(Randomness.Draw(3, "test", 0, k)));
        Assert.Equal(1, coefficients.sum().Value(), 1e-12);
        Assert.All(coefficients.gather(0, losses.argmax(0, keepdim: true)).Values(), c => Assert.True(c > 0));
        double kept = coefficients.gt(0).to_type(ScalarType.Float64).sum().Value() - 200;
        Assert.InRange(kept / 400, 1 - chance - 0.1, 1 - chance + 0.1);
        Assert.Single(coefficients.Values().Where(c => c > 0).Select(c => Math.Round(c, 12)).Distinct());
    }
}
