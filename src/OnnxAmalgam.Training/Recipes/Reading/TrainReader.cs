namespace OnnxAmalgam.Training.Recipes.Reading;

/// <summary><c>train:</c>.</summary>
internal static class TrainReader
{
    public static TrainRecipe Read(Field field, RecipeFolder folder)
    {
        var s = field.Section("preset", "epochs", "batch", "optimizer", "learning_rate", "head_rate", "common_rate", "weight_decay", "decay_vectors",
            "momentum", "schedule", "warmup_epochs", "clip_norm", "groups", "precision", "seed", "select", "cache");
        var start = s.Optional("preset") is { } preset ? Preset(preset) : new TrainRecipe { Epochs = s.Required("epochs").WholeNumber(1, 1_000_000) };
        var (schedule, cosineWarmup) = s.Optional("schedule") is { } stated ? ReadSchedule(stated) : (start.Schedule, null);
        var read = start with
        {
            Epochs = s.Optional("epochs")?.WholeNumber(1, 1_000_000) ?? start.Epochs,
            Batch = s.Optional("batch")?.WholeNumber(1, 1_000_000) ?? start.Batch,
            Optimizer = s.Optional("optimizer")?.Word(Words.Optimizer) ?? start.Optimizer,
            LearningRate = s.Optional("learning_rate")?.PositiveNumber() ?? start.LearningRate,
            HeadRate = s.Optional("head_rate")?.PositiveNumber() ?? start.HeadRate,
            CommonRate = s.Optional("common_rate")?.PositiveNumber() ?? start.CommonRate,
            WeightDecay = s.Optional("weight_decay")?.NonNegativeNumber() ?? start.WeightDecay,
            DecayVectors = s.Optional("decay_vectors")?.Switch() ?? start.DecayVectors,
            Momentum = s.Optional("momentum")?.Number(x => x is >= 0 and < 1, "a number of at least 0 and under 1") ?? start.Momentum,
            Schedule = schedule,
            WarmupEpochs = (cosineWarmup ?? s.Optional("warmup_epochs"))?.NonNegativeNumber() ?? start.WarmupEpochs,
            ClipNorm = s.Optional("clip_norm") is { } clip ? ClipNorm(clip) : start.ClipNorm,
            Groups = s.Optional("groups") is { } groups ? GroupReader.Read(groups) : start.Groups,
            Precision = s.Optional("precision")?.Word(Words.Precision) ?? start.Precision,
            Seed = s.Optional("seed")?.WholeNumber(0L) ?? start.Seed,
            SelectBest = s.Optional("select") is { } select ? SelectBest(select) : start.SelectBest,
            Cache = CacheReader.Read(s.Optional("cache"), folder),
        };
        if (s.Optional("momentum") is { } momentum && read.Optimizer != OptimizerKind.Sgd)
            throw momentum.Error($"expected no momentum, because the optimizer is '{Words.Optimizer.Of(read.Optimizer)}'");
        CheckWarmup(read, cosineWarmup, s.Optional("warmup_epochs"), field);
        return read;
    }

    static void CheckWarmup(TrainRecipe read, Field? ofCosine, Field? ofTrain, Field whole)
    {
        if (ofCosine is not null && ofTrain is not null)
            throw ofTrain.Error("expected the warm-up once, got it here and in the schedule");
        var place = ofCosine ?? ofTrain ?? whole;
        if (read.WarmupEpochs > 0 && read.Schedule is OneCycleSchedule)
            throw place.Error("expected no warm-up, because one_cycle has its own");
        if (read.WarmupEpochs >= read.Epochs)
            throw place.Error($"expected a warm-up shorter than the {read.Epochs} epochs, got {read.WarmupEpochs}");
    }

    static TrainRecipe Preset(Field field) => field.Is("published") ? Published.Train : throw field.Expected("'published'");

    static double? ClipNorm(Field field) => field.Is("none") ? null : field.Number(x => x > 0, "a number above 0, or 'none'");

    static bool SelectBest(Field field) => field.Is("best") || (field.Is("last") ? false : throw field.Expected("'best' or 'last'"));

    static (Schedule Schedule, Field? Warmup) ReadSchedule(Field field)
    {
        var choice = field.Choice("constant", "step", "cosine", "one_cycle");
        if (choice.Name == "cosine")
            return (new CosineSchedule(), choice.Options.Section("warmup_epochs").Optional("warmup_epochs"));
        if (choice.Name == "step")
        {
            var s = choice.Options.Section("every", "factor", "offset");
            var factor = s.Required("factor").Number(x => x is > 0 and <= 1, "a number above 0 and at most 1");
            return (new StepSchedule(s.Required("every").WholeNumber(1), factor, s.Optional("offset")?.WholeNumber(0) ?? 0), null);
        }
        choice.Options.Section();
        return (choice.Name == "constant" ? new ConstantSchedule() : new OneCycleSchedule(), null);
    }
}
