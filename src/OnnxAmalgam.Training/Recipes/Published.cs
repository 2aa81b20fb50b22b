namespace OnnxAmalgam.Training.Recipes;

/// <summary>Common feature learning as its authors published and ran it (Luo et al., IJCAI 2019, arXiv 1906.10546, and their code).</summary>
internal static class Published
{
    /// <summary>1 soft_target(T=1) + 10 mmd + 10 reconstruction in a common space of 128 channels and 3 residual blocks.</summary>
    public static AmalgamationRecipe Amalgamation { get; } = new()
    {
        Labels = LabelMode.Concat,
        CommonChannels = 128,
        CommonBlocks = 3,
        Losses = [new SoftTargetTerm(1), new MmdTerm(10, MmdTerm.Published), new ReconstructionTerm(10)],
    };

    /// <summary>Adam at 1e-4 (ten times that for the classifier and the common space), L2 decay 1e-4, divided by ten after 14 and 29 of 30 epochs.</summary>
    /// <remarks>The scheduler is stepped at the start of each epoch, which makes 14 + 15 + 1 epochs out of "every 15".</remarks>
    public static TrainRecipe Train { get; } = new()
    {
        Epochs = 30,
        Batch = 64,
        Optimizer = OptimizerKind.Adam,
        LearningRate = 1e-4,
        HeadRate = 10,
        CommonRate = 10,
        WeightDecay = 1e-4,
        DecayVectors = true,
        Schedule = new StepSchedule(15, 0.1, Offset: 1),
        Precision = Precision.Fp32,
        Seed = 1337,
    };
}
