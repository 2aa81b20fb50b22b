using OnnxAmalgam.Graphs;
using OnnxAmalgam.Graphs.Queries;
using OnnxAmalgam.Trainable;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Optimisation;

/// <summary>What a stored tensor of the student is trained with.</summary>
/// <param name="Group">Name of the last rule that says something of it.</param>
/// <param name="RateFactor">Times the schedule's rate.</param>
/// <param name="WeightDecay">Decay.</param>
/// <param name="IsFrozen">Whether training leaves it alone.</param>
/// <param name="First">Where it starts.</param>
public sealed record ParameterSetting(string Group, double RateFactor, double WeightDecay, bool IsFrozen = false, FirstWeights First = FirstWeights.Keep);

/// <summary>The settings of every tensor of the student that training moves. They come from rules in order, each a query and what it changes;
/// a later rule overrides an earlier one. The recipe's head_rate and decay_vectors are such rules, before its groups.</summary>
public sealed class ParameterPlan
{
    readonly Dictionary<string, ParameterSetting> settings;
    readonly Dictionary<string, long> sizes;

    ParameterPlan(Dictionary<string, ParameterSetting> settings, Dictionary<string, long> sizes) => (this.settings, this.sizes) = (settings, sizes);

    /// <summary>By the tensor's name: weights and running statistics.</summary>
    public IReadOnlyDictionary<string, ParameterSetting> Settings => settings;

    /// <summary>Names of what training leaves alone.</summary>
    public IEnumerable<string> Frozen => settings.Where(one => one.Value.IsFrozen).Select(one => one.Key);

    /// <summary>Tensors of equal settings: how many, and how many numbers, running statistics not counted; in order of first appearance.</summary>
    public IReadOnlyList<(ParameterSetting Setting, int Tensors, long Parameters)> Summary =>
        [.. settings.Where(one => sizes.ContainsKey(one.Key)).GroupBy(one => one.Value).Select(group => (group.Key, group.Count(), group.Sum(one => sizes[one.Key])))];

    /// <summary>Applies a recipe's rules to a student.</summary>
    /// <exception cref="InputException">A group selects nothing, or nothing that is trained; or all is frozen.</exception>
    public static ParameterPlan Of(OnnxModel student, TrainRecipe train)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(train);
        var graph = new QueryGraph(student);
        var (weights, statistics) = TrainingSupport.Trained(student);
        var settings = graph.Initializers.Select(one => one.Name).Where(name => weights.Contains(name) || statistics.Contains(name))
            .ToDictionary(name => name, _ => new ParameterSetting("backbone", 1, train.WeightDecay), StringComparer.Ordinal);
        foreach (var rule in Rules(train))
        {
            foreach (var name in rule.Names(graph, student.Name, settings))
                settings[name] = rule.Change(settings[name]);
        }

        if (weights.Count > 0 && weights.All(name => settings[name].IsFrozen))
            throw new InputException($"train.groups: expected weights that are left to train, got all {weights.Count} frozen; leave some out of the query, or thaw them by a later group with 'freeze: false'");
        return new ParameterPlan(settings, graph.Initializers.Where(one => weights.Contains(one.Name)).ToDictionary(one => one.Name, one => one.Size ?? 0, StringComparer.Ordinal));
    }

    static IEnumerable<Rule> Rules(TrainRecipe train)
    {
        yield return new Rule("initializer[head]", setting => setting with { Group = "head", RateFactor = train.HeadRate });
        if (!train.DecayVectors)
            yield return new Rule("initializer[rank<2]", setting => setting with { Group = setting.Group + ".vectors", WeightDecay = 0 });
        for (var i = 0; i < train.Groups.Count; i++)
        {
            var (group, where) = (train.Groups[i], $"groups.{i}");
            yield return new Rule(group.Query, setting => new ParameterSetting(
                where,
                group.LearningRate?.FactorOf(train.LearningRate) ?? setting.RateFactor,
                group.WeightDecay ?? setting.WeightDecay,
                group.Freeze ?? setting.IsFrozen,
                group.Initialise ?? setting.First))
            { Where = $"train.{where}" };
        }
    }

    /// <summary>A query and what it changes.</summary>
    sealed record Rule(string Query, Func<ParameterSetting, ParameterSetting> Change)
    {
        /// <summary>Where the recipe states it; null: a rule that may select nothing.</summary>
        public string? Where { get; init; }

        public IEnumerable<string> Names(QueryGraph graph, string model, Dictionary<string, ParameterSetting> trained)
        {
            var query = Graphs.Queries.Query.Parse(Query);
            if (Where is null)
                return query.Run(graph).Select(one => one.Name).Where(trained.ContainsKey);
            var found = Selected(query, graph);
            if (found.FirstOrDefault(one => one.Kind is not (ElementKind.Initializer or ElementKind.Op)) is { } other)
                throw new InputException($"{Where}: expected a query for initializers, or for ops whose initializers are meant, got {other}");
            string[] names = [.. found.SelectMany(one => one.Kind == ElementKind.Op ? one.Alone.Out(Edge.Uses) : one.Alone).Select(one => one.Name).Distinct(StringComparer.Ordinal).Where(trained.ContainsKey)];
            return names.Length > 0
                ? names
                : throw new InputException($"{Where}: expected a query for tensors of '{model}' that are trained, got {found.Count} that are not ({string.Join(", ", found.Take(3))}); {string.Join(", ", trained.Keys.Take(3).Select(name => $"'{name}'"))}, ... are");
        }

        Selection Selected(Query query, QueryGraph graph)
        {
            try
            {
                return query.Require(graph);
            }
            catch (InputException e)
            {
                throw new InputException($"{Where}: {e.Message}", e);
            }
        }
    }
}
