using OnnxAmalgam.Graphs.Metadata;
using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Recipes;

public sealed class RecipeSyntaxTests : IDisposable
{
    readonly RecipeText recipe = new();

    const string Complete = """
        name: animals-and-vehicles
        teachers:
          - name: animals                             # default: the file's name without .onnx
            model: teachers/cifar_animals.onnx        # relative to the recipe
            logits: logits
            taps: auto
            input: {layout: nchw, scale: 0.00392157, mean: [0.4914, 0.4822, 0.4465], std: [0.247, 0.2435, 0.2616]}
            labels: [bird, cat, deer, dog, frog, horse]
          - model: teachers/cifar_vehicles.onnx
            input: {layout: nhwc, scale: 1}
            labels: [airplane, automobile, ship, truck]
        student: {model: "zoo:resnet(widths=[16,32,64], blocks=[1,1,1])", taps: auto}
        data:
          unlabelled:
            - {cifar10: data/cifar10, split: train, part: 0..0.9, classes: [bird, cat], domain: animals}
            - {cifar10: data/cifar10, split: train, part: 0..0.9, domain: cifar_vehicles}
            - {folder: photos, domain: [animals, cifar_vehicles]}
            - {csv: list.csv, domain: none, limit: 7}
          validate:   [{cifar10: data/cifar10, split: train, part: 0.9..1}]
          test:       [{cifar10: data/cifar10, split: test}]
        augment: [flip, {crop: {padding: 4}}]
        amalgamation:
          labels: gated
          common_space: {channels: 64, blocks: 2}
          losses:
            - {soft_target: {weight: 1, temperature: 1}}
            - {mmd: {weight: 10, bandwidths: published}}
            - {reconstruction: {weight: 10}}
        train: {epochs: 30, batch: 64, optimizer: adam, learning_rate: 1e-4, weight_decay: 1e-4, schedule: {step: {every: 15, factor: 0.1}}, precision: fp32, seed: 1}
        """;

    [Fact]
    public void A_complete_recipe_means_what_it_says()
    {
        var read = recipe.Read(Complete);

        Assert.Equal("animals-and-vehicles", read.Name);
        Assert.Equal(["animals", "cifar_vehicles"], read.Teachers.Select(t => t.Name));
        Assert.Equal(recipe.Inside("teachers/cifar_animals.onnx"), read.Teachers[0].Model);
        Assert.Equal("logits", read.Teachers[0].Logits);
        Assert.Null(read.Teachers[1].Logits);
        Assert.Null(read.Teachers[0].Taps);
        Assert.Equal([0.247, 0.2435, 0.2616], read.Teachers[0].Input.Std!);
        Assert.Equal((ImageLayout?)ImageLayout.Nhwc, read.Teachers[1].Input.Layout);
        Assert.Null(read.Teachers[1].Input.Mean);
        Assert.Equal(["airplane", "automobile", "ship", "truck"], read.Teachers[1].Labels!);
        Assert.Equal("zoo:resnet(widths=[16,32,64], blocks=[1,1,1])", read.Student.Model);

        var sources = read.Data.Unlabelled;
        Assert.Equal([SourceKind.Cifar10, SourceKind.Cifar10, SourceKind.Folder, SourceKind.Csv], sources.Select(s => s.Kind));
        Assert.Equal((0, 0.9), sources[0].Part);
        Assert.Equal(["bird", "cat"], sources[0].Classes!);
        Assert.Equal(["animals"], sources[0].Domain!);
        Assert.Equal(["animals", "cifar_vehicles"], sources[2].Domain!);
        Assert.Empty(sources[3].Domain!);
        Assert.Equal(7, sources[3].Limit);
        Assert.Equal((0.9, 1), read.Data.Validate![0].Part);
        Assert.Equal("test", read.Data.Test![0].Split);
        Assert.Null(read.Data.Test[0].Domain);

        Assert.Equal([new FlipStep(), new CropStep(4)], read.Augment);
        Assert.Equal(LabelMode.Gated, read.Amalgamation.Labels);
        Assert.Equal((64, 2), (read.Amalgamation.CommonChannels, read.Amalgamation.CommonBlocks));
        Assert.Equal([new SoftTargetTerm(1), new MmdTerm(10, MmdTerm.Published), new ReconstructionTerm(10)], read.Amalgamation.Losses);
        Assert.Equal(new TrainRecipe { Epochs = 30, Schedule = new StepSchedule(15, 0.1) }, read.Train);
    }

    [Theory]
    [InlineData(", domain: second}", GateKind.Domain)]
    [InlineData("}", GateKind.Refined)]
    public void Without_amalgamation_soft_targets_are_gated_by_domain_or_where_one_is_missing_by_the_estimate(string domain, GateKind gate)
    {
        var read = recipe.Read(RecipeText.Minimal.Replace(", domain: second}", domain, StringComparison.Ordinal)).Amalgamation;
        Assert.Equal((LabelMode.Gated, gate), (read.Labels, read.Gate.Kind));
        Assert.Equal([new SoftTargetTerm(1)], read.Losses);
    }

    [Fact]
    public void Presets_are_the_published_method_and_a_key_beside_one_overrides_it()
    {
        var text = RecipeText.Minimal.Replace("train: {epochs: 3}", """
            amalgamation: {preset: published, common_space: {blocks: 1}}
            train: {preset: published, epochs: 5}
            """, StringComparison.Ordinal);
        var read = recipe.Read(text);

        Assert.Equal(LabelMode.Concat, read.Amalgamation.Labels);
        Assert.Equal((128, 1), (read.Amalgamation.CommonChannels, read.Amalgamation.CommonBlocks));
        Assert.Equal([new SoftTargetTerm(1, 1), new MmdTerm(10, [0.001, 0.01, 0.05, 0.1, 0.2, 1, 2]) with { Bandwidths = MmdTerm.Published }, new ReconstructionTerm(10)], read.Amalgamation.Losses);
        Assert.Equal([0.001, 0.01, 0.05, 0.1, 0.2, 1, 2], MmdTerm.Published);
        Assert.Equal(
            new TrainRecipe
            {
                Epochs = 5, Batch = 64, Optimizer = OptimizerKind.Adam, LearningRate = 1e-4, HeadRate = 10, CommonRate = 10, WeightDecay = 1e-4,
                Schedule = new StepSchedule(15, 0.1, 1), Seed = 1337,
            },
            read.Train);
    }

    [Theory]
    [InlineData("constant")]
    [InlineData("{one_cycle: {}}")]
    [InlineData("{cosine: {warmup_epochs: 0.5}}")]
    [InlineData("{step: {every: 2, factor: 0.5, offset: 1}}")]
    public void Every_schedule_is_read(string schedule)
    {
        Schedule expected = schedule switch
        {
            "constant" => new ConstantSchedule(),
            "{one_cycle: {}}" => new OneCycleSchedule(),
            ['{', 'c', ..] => new CosineSchedule(),
            _ => new StepSchedule(2, 0.5, 1),
        };
        var train = recipe.Read(RecipeText.Minimal, $"train.schedule={schedule}").Train;
        Assert.Equal(expected, train.Schedule);
        Assert.Equal(expected is CosineSchedule ? 0.5 : 0, train.WarmupEpochs);
    }

    [Theory]
    [InlineData("{dkd: {weight: 2}}", "2 dkd(alpha=1, beta=8, T=4, joint)")]
    [InlineData("{dkd: {weight: 1, alpha: 0.5, beta: 2, temperature: 3}}", "1 dkd(alpha=0.5, beta=2, T=3, joint)")]
    [InlineData("{standardised_logits: {weight: 1}}", "1 standardised_logits(T=2, joint)")]
    [InlineData("{skd: {weight: 0.9}}", "0.9 skd(direction=1, T=4, tikhonov=0.1, joint)")]
    [InlineData("{skd: {weight: 1, direction: 2, temperature: 1, tikhonov: 1e-4}}", "1 skd(direction=2, T=1, tikhonov=0.0001, joint)")]
    [InlineData("{consistency: {weight: 1, implies: {dog: animal, animal: [thing]}}}", "1 consistency(implications=3)")]
    [InlineData("{hint: {weight: 100}}", "100 hint(phi_s)")]
    [InlineData("{hint: {weight: 1, teacher_dropping: 0.5}}", "1 hint(phi_s, dropping=0.5)")]
    [InlineData("{attention: {weight: 1, teacher_dropping: none}}", "1 attention(phi_s)")]
    [InlineData("{similarity: {weight: 3000}}", "3000 similarity(phi_s)")]
    [InlineData("{rkd: {weight: 1}}", "1 rkd(distance=1, angle=2, phi_s)")]
    [InlineData("{rkd: {weight: 1, distance: 25, angle: 50}}", "1 rkd(distance=25, angle=50, phi_s)")]
    [InlineData("{pkt: {weight: 30000}}", "30000 pkt(phi_s)")]
    [InlineData("{vid: {weight: 1, teacher_dropping: 1}}", "1 vid(phi_s, dropping=1)")]
    [InlineData("{smooth_cosine: {weight: 1}}", "1 smooth_cosine(cosine=0.9, phi_s)")]
    [InlineData("{smooth_cosine: {weight: 1, cosine: 0.5, teacher_dropping: 0}}", "1 smooth_cosine(cosine=0.5, phi_s, dropping=0)")]
    [InlineData("{dist: {weight: 1}}", "1 dist(beta=1, gamma=1, T=1, joint)")]
    [InlineData("{dist: {weight: 1, beta: 2, gamma: 3, temperature: 4}}", "1 dist(beta=2, gamma=3, T=4, joint)")]
    public void A_term_is_read_with_its_defaults_and_printed_in_the_equation(string term, string equation) =>
        Assert.Equal(equation, OnnxAmalgam.Training.Losses.AmalgamationEquation.Write(recipe.Read(RecipeText.Minimal, $"amalgamation={{labels: joint, standardise: phi_s, losses: [{term}]}}").Amalgamation));

    [Fact]
    public void Every_term_and_option_is_read()
    {
        var read = recipe.Read(RecipeText.Minimal,
            "amalgamation={labels: joint, standardise: ema, losses: [{mmd: {weight: 2, bandwidths: median, unbiased: true}}, {cosine: {weight: 0}}, {hard_label: {weight: 0.5}}, {soft_target: {weight: 1, temperature: 4}}]}",
            "train={epochs: 2, optimizer: sgd, momentum: 0.5, head_rate: 3, common_rate: 4, decay_vectors: false, clip_norm: 2, warmup_epochs: 1, precision: bf16, select: last, seed: 9, batch: 8}");

        Assert.Equal(Standardisation.Ema, read.Amalgamation.Standardise);
        Assert.Equal(LabelMode.Joint, read.Amalgamation.Labels);
        Assert.Equal([new MmdTerm(2, null, true), new CosineTerm(0), new HardLabelTerm(0.5), new SoftTargetTerm(1, 4)], read.Amalgamation.Losses);
        Assert.Equal(
            new TrainRecipe
            {
                Epochs = 2, Optimizer = OptimizerKind.Sgd, Momentum = 0.5, HeadRate = 3, CommonRate = 4, DecayVectors = false, ClipNorm = 2, WarmupEpochs = 1,
                Precision = Precision.Bf16, SelectBest = false, Seed = 9, Batch = 8,
            },
            read.Train);
    }

    [Fact]
    public void Taps_of_a_teacher_may_all_have_weights_and_the_teacher_too()
    {
        var read = recipe.Read(RecipeText.Minimal, "teachers.0.taps=[{value: x, weight: 0.25}, {value: y, layout: nhwc, weight: 0.75}]", "teachers.1.weight=0");
        Assert.Equal([new TapRecipe("x", Weight: 0.25), new TapRecipe("y", ImageLayout.Nhwc, 0.75)], read.Teachers[0].Taps!);
        Assert.Equal((1, 0), (read.Teachers[0].Weight, read.Teachers[1].Weight));
    }

    [Fact]
    public void Parameter_groups_are_read_and_what_they_leave_out_stays_unsaid()
    {
        var groups = recipe.Read(RecipeText.Minimal,
            "train.groups=[{query: 'initializer[head]', learning_rate: 0.1x}, {query: 'op last', learning_rate: 1e-3, weight_decay: 0, freeze: false, initialise: true}, {query: op, initialise: kaiming_normal}, {query: op, initialise: false}]").Train.Groups;
        Assert.Equal(
            [
                new GroupRecipe("initializer[head]") { LearningRate = new GroupRate(0.1, IsFactor: true) },
                new GroupRecipe("op last") { LearningRate = new GroupRate(1e-3, IsFactor: false), WeightDecay = 0, Freeze = false, Initialise = FirstWeights.Default },
                new GroupRecipe("op") { Initialise = FirstWeights.KaimingNormal },
                new GroupRecipe("op") { Initialise = FirstWeights.Keep },
            ],
            groups);
        Assert.Equal((0.1, 0.25), (groups[0].LearningRate!.Value.FactorOf(4e-3), groups[1].LearningRate!.Value.FactorOf(4e-3)));
    }

    [Fact]
    public void Taps_are_names_paths_or_values_with_a_layout()
    {
        var read = recipe.Read(RecipeText.Minimal, "teachers.0.taps=[layer3, {value: /relu/out, layout: nhwc}]", "teachers.1.taps=none", "student.taps=[x]");
        Assert.Equal([new TapRecipe("layer3"), new TapRecipe("/relu/out", ImageLayout.Nhwc)], read.Teachers[0].Taps!);
        Assert.Empty(read.Teachers[1].Taps!);
        Assert.Equal([new TapRecipe("x")], read.Student.Taps!);
    }

    [Fact]
    public void An_input_preset_states_its_familys_values_and_keys_beside_it_override_them()
    {
        var input = recipe.Read(RecipeText.Minimal, "teachers.0.input={preset: keras_caffe, size: [20, 30], interpolation: nearest}").Teachers[0].Input;
        Assert.Equal((ImageLayout.Nhwc, ColorOrder.Bgr, 1.0), (input.Layout!.Value, input.Order!.Value, input.Scale!.Value));
        Assert.Equal([103.939, 116.779, 123.68], input.Mean!);
        Assert.Equal((20, 30), input.Size);
        Assert.Equal((Interpolation?)Interpolation.Nearest, input.Interpolation);
    }

    [Fact]
    public void Words_that_other_YAML_readers_turn_into_booleans_and_numbers_stay_labels() =>
        Assert.Equal(["no", "yes", "on", "1", "1.0", "true", "null", "~"], recipe.Read(RecipeText.Minimal, "teachers.0.labels=[no, yes, on, 1, 1.0, true, 'null', \"~\"]").Teachers[0].Labels!);

    [Theory]
    [InlineData("names.txt", "cat\ndog \n\n")]
    [InlineData("names.txt", "cat\r\ndog")]
    [InlineData("names.json", "[\"cat\", \"dog\"]")]
    [InlineData("names.json", "\uFEFF[\"cat\", \"dog\"]")]
    public void Labels_may_lie_in_a_file_beside_the_recipe(string file, string content)
    {
        recipe.Write(content, file);
        Assert.Equal(["cat", "dog"], recipe.Read(RecipeText.Minimal, $"teachers.0.labels={file}").Teachers[0].Labels!);
    }

    [Fact]
    public void A_zoo_student_starts_from_random_weights_and_a_file_from_its_own()
    {
        Assert.Equal(WeightsMode.Random, recipe.Read(RecipeText.Minimal).Student.Weights);
        var file = recipe.Read(RecipeText.Minimal, "student={model: ../s.onnx, head: keep}").Student;
        Assert.Equal((WeightsMode.Keep, HeadMode.Keep), (file.Weights, file.Head));
        Assert.Equal(Path.GetFullPath(recipe.Inside("../s.onnx")), file.Model);
    }

    public void Dispose() => recipe.Dispose();
}
