using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Data;
using OnnxAmalgam.Training.Ensemble;
using OnnxAmalgam.Training.Losses;
using OnnxAmalgam.Training.Recipes;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Gates;

/// <summary>The estimated gate, decided anew by the student as it learns.</summary>
/// <remarks>
/// m_i(x) = sum of the student's probabilities at teacher i's labels (a label of several teachers in equal shares), image as it is, without
/// augmentation; M_i(k) = mean of m_i over the images of cluster k, the clusters that the estimate was made with; s_i(x) = teacher i's energy,
/// standardised over these images; under <c>clusters</c> x belongs to arg max_i log m_i(x) + log M_i(k(x)), under <c>refined</c>, which looked closer than
/// clusters do, to arg max_i log m_i(x) + log M_i(k(x)) + s_i(x) + log 9 [i is the first estimate]. A student that learns from nothing but its own decisions drifts to the teacher of more images; with a good estimate as a witness,
/// taken to be right in nine of ten cases, it must be sure to overrule it. A network learns what most of its images say before it learns the errors among them, so that early on its own
/// view of an image is often better than the target it was given. Images whose source names a domain keep it.
/// What it decided is in checkpoints: a resumed run goes on with it. Deterministic: the student's weights decide, nothing is drawn.
/// </remarks>
internal sealed class StudentAgreement : IDisposable
{
    const int BatchSize = 256;
    static readonly double FirstEstimate = Math.Log(9);
    readonly AmalgamationSetup setup;
    readonly Tensor weights;
    readonly Preprocess preprocess;
    readonly Device device;
    readonly Tensor shares;
    readonly Tensor open;
    readonly Tensor clusters;
    readonly Tensor before;
    readonly Tensor? truth;

    /// <summary>Prepares its tables, which it owns.</summary>
    /// <param name="setup">Images, union, gate with clusters.</param>
    /// <param name="weights">W[n, teachers] of the training images, which it changes.</param>
    public StudentAgreement(AmalgamationSetup setup, Tensor weights)
    {
        (this.setup, this.weights) = (setup, weights);
        device = weights.device;
        preprocess = new Preprocess(setup.Student.Input);
        shares = Shares(setup.Union).to(device).DetachFromDisposeScope();
        GateGrounds[] grounds = setup.Gate!.GroundsOf(setup.Train);
        int[] estimated = [.. Enumerable.Range(0, grounds.Length).Where(i => grounds[i].Cluster >= 0)];
        open = Index(estimated);
        clusters = Index(estimated.Select(i => grounds[i].Cluster));
        before = Before(estimated.SelectMany(i => grounds[i].Standing)).DetachFromDisposeScope();
        int[] tagged = [.. estimated.Select(Tag)];
        truth = tagged.Any(t => t >= 0) ? Index(tagged) : null;
    }

    /// <summary>Names of what <see cref="Update"/> returns.</summary>
    public IReadOnlyList<string> Columns => truth is null ? ["gate/moved"] : ["gate/moved", "gate/right"];

    /// <summary>What it would return if nothing was decided anew.</summary>
    public double?[] Unchanged() => truth is null ? [0] : [0, Right()];

    /// <summary>Decides anew whose each estimated image is; the student's mode afterwards is evaluation.</summary>
    /// <returns>The share of estimated images that changed their teacher, and the share that goes to the teacher that its source names.</returns>
    public double?[] Update(TrainableGraph student)
    {
        if (open.numel() == 0)
        {
            return Unchanged();
        }

        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Tensor mass = Mass(student).index_select(0, open);
        Tensor groups = zeros([(long)clusters.max().item<long>() + 1, mass.shape[1]], mass.dtype, device);
        Tensor sums = groups.index_add(0, clusters, mass, 1);
        Tensor counts = groups.select(1, 0).index_add(0, clusters, ones(clusters.shape[0], mass.dtype, device), 1).clamp_min(1).unsqueeze(1);
        Tensor owners = (mass.log() + (sums / counts).log().index_select(0, clusters) + before).argmax(1);
        Tensor last = weights.index_select(0, open).argmax(1);
        weights.index_copy_(0, open, nn.functional.one_hot(owners, weights.shape[1]).to(weights.dtype));
        double moved = owners.ne(last).to(ScalarType.Float64).mean().item<double>();
        return truth is null ? [moved] : [moved, Right()];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor? tensor in (Tensor?[])[shares, open, clusters, before, truth])
        {
            tensor?.Dispose();
        }
    }

    /// <summary>The student's probability at each teacher's labels, M[n, teachers].</summary>
    Tensor Mass(TrainableGraph student)
    {
        student.eval();
        var all = new List<Tensor>();
        foreach (ImageBatch batch in BatchLoader.InOrder(setup.Train, setup.Train.BatchOf(BatchSize)))
        {
            using var inner = NewDisposeScope();
            var inputs = new Dictionary<string, Tensor> { [student.InputNames[0]] = preprocess.Apply(BatchTensors.Canvas(batch, setup.Train, device)) };
            Tensor logits = student.Run(inputs, [setup.Student.Logits])[0].to(ScalarType.Float32);
            all.Add(logits.softmax(1).matmul(shares).MoveToOuterDisposeScope());
        }

        return cat(all, 0);
    }

    /// <summary>What is said without the student, S[n, teachers]; the weights are the estimate's when this is made, also of a resumed run.</summary>
    Tensor Before(IEnumerable<float> standing)
    {
        using var scope = NewDisposeScope();
        Tensor first = weights.index_select(0, open);
        if (setup.Recipe.Amalgamation.Gate.Kind == GateKind.Clusters)
        {
            return zeros_like(first).MoveToOuterDisposeScope();
        }

        return (tensor(standing.ToArray(), first.shape).to(device) + first * FirstEstimate).MoveToOuterDisposeScope();
    }

    double Right()
    {
        using var scope = NewDisposeScope();
        Tensor known = truth!.ge(0);
        Tensor right = weights.index_select(0, open).argmax(1).eq(truth!).logical_and(known);
        return right.sum().item<long>() / (double)known.sum().item<long>();
    }

    /// <summary>The teacher that an image's source names; -1: none or several.</summary>
    int Tag(int image) => setup.Recipe.Data.Unlabelled[setup.Train.SourceOf(image)].Domain is [var name] ? IndexOf(name) : -1;

    int IndexOf(string teacher) => Enumerable.Range(0, setup.Union.Teachers.Count).First(i => setup.Union.Teachers[i] == teacher);

    Tensor Index(IEnumerable<int> values) => tensor(values.Select(v => (long)v).ToArray(), ScalarType.Int64).to(device).DetachFromDisposeScope();

    /// <summary>S[labels, teachers]: each label in equal shares among the teachers that know it.</summary>
    static Tensor Shares(LabelUnion union)
    {
        var table = new float[union.Count, union.Teachers.Count];
        for (int i = 0; i < union.Teachers.Count; i++)
        {
            foreach (int label in union.Task(i))
            {
                table[label, i] = 1;
            }
        }

        Tensor known = tensor(table);
        return known / known.sum(1, keepdim: true);
    }
}
