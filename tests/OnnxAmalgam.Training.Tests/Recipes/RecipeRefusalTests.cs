using OnnxAmalgam.Training.Recipes;

namespace OnnxAmalgam.Training.Tests.Recipes;

public sealed class RecipeRefusalTests : IDisposable
{
    readonly RecipeText recipe = new();

    [Theory]
    [InlineData("  - model: a.onnx", "  - modle: a.onnx",
        "recipe.yaml:3: expected one of 'name', 'model', 'logits', 'scores', 'taps', 'weight', 'input', 'labels', got 'modle'; did you mean 'model'?")]
    [InlineData("  - model: a.onnx", "  - {name: x}", "recipe.yaml:3: teachers.0: expected the key 'model', which is missing")]
    [InlineData("name: pair\n", "", "recipe.yaml:1: expected the key 'name', which is missing")]
    [InlineData("train: {epochs: 3}", "train: {epochs: 3, warmth: 1}",
        "recipe.yaml:10: expected one of 'preset', 'epochs', 'batch', 'optimizer', 'learning_rate', 'head_rate', 'common_rate', 'weight_decay', 'decay_vectors', 'momentum', 'schedule', 'warmup_epochs', 'clip_norm', 'groups', 'precision', 'seed', 'select', 'cache', got 'warmth'")]
    [InlineData("train: {epochs: 3}", "train: {epochs: 3}\nnormalisation: insert",
        "recipe.yaml:11: expected one of 'name', 'teachers', 'student', 'data', 'augment', 'amalgamation', 'train', got 'normalisation'")]
    [InlineData("name: pair", "name: pair\nname: other", "recipe.yaml:2: expected each key once, got 'name' again")]
    [InlineData("name: second}", "name: a}", "recipe.yaml:4: teachers.1: expected a name of its own, got 'a' as teachers.0; give one of them another 'name'")]
    [InlineData("domain: second", "domain: secnod", "recipe.yaml:9: data.unlabelled.1.domain: expected a teacher's name ('a', 'second'), a list of them, or none, got 'secnod'; did you mean 'second'?")]
    [InlineData("name: pair", "name: a/b", "recipe.yaml:1: name: expected a name that a folder can have: at most 100 characters, none of / \\ : * ? \" < > |, not starting with '.' or '-', got 'a/b'")]
    [InlineData("name: pair", "name:", "recipe.yaml:1: name: expected a name, got nothing")]
    [InlineData("name: pair", "name: [pair]", "recipe.yaml:1: name: expected a name, got a list")]
    public void A_wrong_recipe_is_refused_with_its_line(string there, string instead, string message) =>
        Assert.Equal(message, recipe.Refused(RecipeText.Minimal.Replace(there, instead, StringComparison.Ordinal)));

    [Theory]
    [InlineData("train.epochs=0", "train.epochs: expected a whole number from 1 to 1000000, got '0'")]
    [InlineData("train.epochs='3'", "train.epochs: expected a whole number from 1 to 1000000, got the quoted text '3'")]
    [InlineData("train.epochs=3.5", "train.epochs: expected a whole number from 1 to 1000000, got '3.5'")]
    [InlineData("train.batch=0", "train.batch: expected a whole number from 1 to 1000000, got '0'")]
    [InlineData("train.learning_rate=0", "train.learning_rate: expected a number above 0, got '0'")]
    [InlineData("train.learning_rate=.inf", "train.learning_rate: expected a number above 0, got '.inf'")]
    [InlineData("train.learning_rate=1e999", "train.learning_rate: expected a number above 0, got '1e999'")]
    [InlineData("train.learning_rate=0,1", "train.learning_rate: expected a number above 0, got '0,1'")]
    [InlineData("train.weight_decay=-1", "train.weight_decay: expected a number of at least 0, got '-1'")]
    [InlineData("train.clip_norm=0", "train.clip_norm: expected a number above 0, or 'none', got '0'")]
    [InlineData("train.momentum=0.9", "train.momentum: expected no momentum, because the optimizer is 'adam'")]
    [InlineData("train.decay_vectors=no", "train.decay_vectors: expected true or false, got 'no'")]
    [InlineData("train.groups=x", "train.groups: expected a list of parameter groups, got 'x'")]
    [InlineData("train.groups=[{freeze: true}]", "train.groups.0: expected the key 'query', which is missing")]
    [InlineData("train.groups=[{query: initializer}]", "train.groups.0: expected one of 'learning_rate', 'weight_decay', 'freeze', 'initialise' beside the query, which is missing")]
    [InlineData("train.groups=[{query: 'initializer[rnk=1]', freeze: true}]", "train.groups.0.query: query 'initializer[rnk=1]', column 13: expected a property: 'kind', 'name', 'type', 'domain', 'module', 'role', 'dtype', 'rank', 'shape', 'size', 'channels', 'axis', 'height', 'width', 'hw', 'stride', 'depth', 'distance', 'place', 'parameters', 'macs', 'value', 'dominator', 'activation', 'tap', 'head', 'input', 'output', 'image', 'logits', 'attr(...)', got 'rnk'; did you mean 'rank'?")]
    [InlineData("train.groups=[{query: initializer, learning_rate: 0x}]", "train.groups.0.learning_rate: expected a number above 0, or a factor such as 0.1x, got '0x'")]
    [InlineData("train.groups=[{query: initializer, learning_rate: [1]}]", "train.groups.0.learning_rate: expected a number above 0, or a factor such as 0.1x, got a list")]
    [InlineData("train.groups=[{query: initializer, weight_decay: -1}]", "train.groups.0.weight_decay: expected a number of at least 0, got '-1'")]
    [InlineData("train.groups=[{query: initializer, initialise: xavier}]", "train.groups.0.initialise: expected 'keep', 'default', 'kaiming_normal', got 'xavier'")]
    [InlineData("train.seed=-1", "train.seed: expected a whole number of at least 0, got '-1'")]
    [InlineData("train.select=newest", "train.select: expected 'best' or 'last', got 'newest'")]
    [InlineData("train.optimizer=adan", "train.optimizer: expected 'adam', 'adamw', 'sgd', got 'adan'; did you mean 'adam'?")]
    [InlineData("train.preset=mine", "train.preset: expected 'published', got 'mine'")]
    [InlineData("train.warmup_epochs=3", "train.warmup_epochs: expected a warm-up shorter than the 3 epochs, got 3")]
    [InlineData("train={epochs: 3, schedule: {one_cycle: {}}, warmup_epochs: 1}", "train.warmup_epochs: expected no warm-up, because one_cycle has its own")]
    [InlineData("train={epochs: 3, schedule: {cosine: {warmup_epochs: 1}}, warmup_epochs: 1}", "train.warmup_epochs: expected the warm-up once, got it here and in the schedule")]
    [InlineData("train.schedule={step: {every: 2}}", "train.schedule.step: expected the key 'factor', which is missing")]
    [InlineData("train.schedule={step: {every: 0, factor: 0.1}}", "train.schedule.step.every: expected a whole number of at least 1, got '0'")]
    [InlineData("train.schedule={step: {every: 1, factor: 1.5}}", "train.schedule.step.factor: expected a number above 0 and at most 1, got '1.5'")]
    [InlineData("train.schedule={one_cycle: {peak: 1}}", "expected no keys, got 'peak'")]
    [InlineData("train.schedule=linear", "train.schedule: expected one of 'constant', 'step', 'cosine', 'one_cycle', got 'linear'")]
    [InlineData("amalgamation={preset: published, labels: gate}", "amalgamation.labels: expected 'concat', 'joint', 'restricted', 'gated', got 'gate'; did you mean 'gated'?")]
    [InlineData("amalgamation={labels: joint}", "amalgamation: expected the key 'losses', which is missing")]
    [InlineData("amalgamation={labels: joint, losses: []}", "amalgamation.losses: expected at least one element in the list of losses, got none")]
    [InlineData("amalgamation={labels: joint, losses: [{mmd: {weight: -1}}]}", "amalgamation.losses.0.mmd.weight: expected a number of at least 0, got '-1'")]
    [InlineData("amalgamation={labels: joint, losses: [mmd]}", "amalgamation.losses.0.mmd: expected the key 'weight', which is missing")]
    [InlineData("amalgamation={labels: joint, losses: [{mmd: {weight: 1, bandwidths: [0]}}]}", "amalgamation.losses.0.mmd.bandwidths.0: expected a number above 0, got '0'")]
    [InlineData("amalgamation={labels: joint, losses: [{soft_target: {weight: 1, temperature: 0}}]}", "amalgamation.losses.0.soft_target.temperature: expected a number above 0, got '0'")]
    [InlineData("amalgamation={labels: joint, losses: [{cosine: {weight: 1}}, {cosine: {weight: 1}}]}", "amalgamation.losses.1: expected each term once, got it again")]
    [InlineData("amalgamation={labels: restricted, losses: [{dkd: {weight: 1}}, {dist: {weight: 1}}]}", "amalgamation.losses: expected 'labels: concat', 'joint' or 'gated' for 'dkd', 'dist', got 'restricted', which has no one target over the union; choose another label mode or soft_target")]
    [InlineData("amalgamation={labels: joint, losses: [{skd: {weight: 1, tikhonov: 0}}]}", "amalgamation.losses.0.skd.tikhonov: expected a number of at least 1e-6, got '0'")]
    [InlineData("amalgamation={labels: restricted, losses: [{soft_target: {weight: 1}}, {consistency: {weight: 1, implies: {a: b}}}]}", "amalgamation.losses: expected 'labels: concat', 'joint' or 'gated' for 'consistency', got 'restricted', which has no one target over the union; choose another label mode or soft_target")]
    [InlineData("amalgamation={labels: joint, balance: uncertainty, losses: [{soft_target: {weight: 1}}, {consistency: {weight: 1, implies: {a: b}}}]}", "amalgamation.balance: expected terms that stay above 0 for 'uncertainty', got 'consistency', which is 0 where nothing is violated; leave balance or it out, or use 'gradnorm'")]
    [InlineData("amalgamation={labels: joint, losses: [{consistency: {weight: 1, implies: {a: b, b: [c, d], d: a}}}]}", "amalgamation.losses.0.consistency.implies: expected implications without a cycle, got 'a' => 'b' => 'd' => 'a'; labels that mean the same need one name: rename them under 'labels' of the teachers")]
    [InlineData("amalgamation={labels: joint, losses: [{consistency: {weight: 1, implies: [a, b]}}]}", "amalgamation.losses.0.consistency.implies: expected labels and what each implies, as in {dog: animal, cat: [animal, pet]}, got a list")]
    [InlineData("amalgamation={labels: joint, losses: [{consistency: {weight: 1, implies: {}}}]}", "amalgamation.losses.0.consistency.implies: expected labels and what each implies, as in {dog: animal, cat: [animal, pet]}, got keys and values")]
    [InlineData("amalgamation={labels: joint, losses: [{consistency: {weight: 1, implies: {a: {b: c}}}}]}", "amalgamation.losses.0.consistency.implies.a: expected a label, or a list of labels, got the key 'b'")]
    [InlineData("amalgamation={labels: joint, losses: [{consistency: {weight: 1}}]}", "amalgamation.losses.0.consistency: expected the key 'implies', which is missing")]
    [InlineData("amalgamation={labels: joint, losses: [{dkd: {weight: 1, beta: -1}}]}", "amalgamation.losses.0.dkd.beta: expected a number of at least 0, got '-1'")]
    [InlineData("amalgamation={labels: joint, losses: [{hint: {weight: 1, teacher_dropping: 2}}]}", "amalgamation.losses.0.hint.teacher_dropping: expected a chance from 0 to 1, or 'none', got '2'")]
    [InlineData("amalgamation={labels: joint, losses: [{smooth_cosine: {weight: 1, cosine: 2}}]}", "amalgamation.losses.0.smooth_cosine.cosine: expected a share from 0 to 1, got '2'")]
    [InlineData("amalgamation={labels: joint, losses: [{rkd: {weight: 1, teacher_dropping: 0.5}}]}", "expected one of 'weight', 'distance', 'angle', got 'teacher_dropping'")]
    [InlineData("amalgamation={labels: joint, standardise: phi, losses: [{hint: {weight: 1}}]}", "amalgamation.standardise: expected 'none', 'ema', 'offline', 'phi_s', got 'phi'; did you mean 'phi_s'?")]
    [InlineData("amalgamation={labels: joint, losses: [{dist: {weight: 1, alpha: 1}}]}", "expected one of 'weight', 'beta', 'gamma', 'temperature', got 'alpha'")]
    [InlineData("amalgamation={labels: restricted, losses: [{voted_target: {weight: 1}}]}", "amalgamation.losses: expected 'labels: concat', 'joint' or 'gated' for 'voted_target', got 'restricted', which has no one target over the union; choose another label mode or soft_target")]
    [InlineData("amalgamation={labels: joint, balance: gradnorm, losses: [{vid: {weight: 1}}, {mmd: {weight: 1, unbiased: true}}]}", "amalgamation.balance: expected terms that are never negative, got 'vid', 'mmd' (unbiased); leave balance or these out")]
    [InlineData("amalgamation={labels: joint, balance: uncertainty, losses: [{soft_target: {weight: 1}}, {hint: {weight: 0}}]}", "amalgamation.balance: expected terms of a weight above 0 for 'uncertainty', got 'hint' with 0; leave them out")]
    [InlineData("amalgamation={labels: joint, balance: {uncertainty: {alpha: 1}}, losses: [{hint: {weight: 1}}]}", "expected no keys, got 'alpha'")]
    [InlineData("amalgamation={labels: joint, balance: {gradnorm: {rate: 2}}, losses: [{hint: {weight: 1}}]}", "amalgamation.balance.gradnorm.rate: expected a number above 0 and at most 1, got '2'")]
    [InlineData("amalgamation={labels: joint, losses: [{mmd: {weight: 1, form: maps}}]}", "amalgamation.losses.0.mmd.form: expected 'map', 'pooled', 'location', got 'maps'; did you mean 'map'?")]
    [InlineData("amalgamation={labels: joint, losses: [{review: {weight: 1, channels: 0}}]}", "amalgamation.losses.0.review.channels: expected a whole number from 1 to 65536, got '0'")]
    [InlineData("amalgamation={labels: joint, losses: [{contrasting: {weight: 1}}]}", "amalgamation.losses.0: expected one of 'soft_target', 'dkd', 'standardised_logits', 'dist', 'skd', 'voted_target', 'mmd', 'reconstruction', 'cosine', 'infonce', 'hint', 'attention', 'similarity', 'rkd', 'pkt', 'vid', 'smooth_cosine', 'layer_wise', 'voted_features', 'nst', 'cc', 'ickd', 'srd', 'review', 'ladder', 'contrastive', 'supervised_contrastive', 'multi_label', 'hard_label', 'consistency', got 'contrasting'; did you mean 'contrastive'?")]
    [InlineData("amalgamation={labels: joint, losses: [{mmd: {weight: 1}, cosine: {weight: 1}}]}", "amalgamation.losses.0: expected one of 'soft_target', 'dkd', 'standardised_logits', 'dist', 'skd', 'voted_target', 'mmd', 'reconstruction', 'cosine', 'infonce', 'hint', 'attention', 'similarity', 'rkd', 'pkt', 'vid', 'smooth_cosine', 'layer_wise', 'voted_features', 'nst', 'cc', 'ickd', 'srd', 'review', 'ladder', 'contrastive', 'supervised_contrastive', 'multi_label', 'hard_label', 'consistency', got keys and values")]
    [InlineData("amalgamation={labels: joint, losses: [{contrastive: {weight: 1, labels: argmax}}]}", "expected one of 'weight', 'pairs', 'temperature', got 'labels'")]
    [InlineData("amalgamation={labels: joint, losses: [{contrastive: {weight: 1, pairs: teacher}}]}", "amalgamation.losses.0.contrastive.pairs: expected 'all', 'student', 'teachers', got 'teacher'; did you mean 'teachers'?")]
    [InlineData("amalgamation={labels: joint, losses: [{supervised_contrastive: {weight: 1, labels: best}}]}", "amalgamation.losses.0.supervised_contrastive.labels: expected one of 'argmax', 'threshold', 'top', got 'best'")]
    [InlineData("amalgamation={labels: joint, losses: [{supervised_contrastive: {weight: 1, labels: {threshold: 0}}}]}", "amalgamation.losses.0.supervised_contrastive.labels.threshold: expected a probability above 0, at most 1, as in {threshold: 0.5}, got '0'")]
    [InlineData("amalgamation={labels: joint, losses: [{supervised_contrastive: {weight: 1, labels: {top: 0}}}]}", "amalgamation.losses.0.supervised_contrastive.labels.top: expected a whole number from 1 to 65536, got '0'")]
    [InlineData("amalgamation={labels: restricted, losses: [{supervised_contrastive: {weight: 1}}]}", "amalgamation.losses: expected 'labels: concat', 'joint' or 'gated' for 'supervised_contrastive', got 'restricted', which has no one target over the union; choose another label mode or soft_target")]
    [InlineData("teachers.0.scores=tanh", "teachers.0.scores: expected 'softmax', 'sigmoid', got 'tanh'")]
    [InlineData("student.weights=keep", "student.weights: expected 'random', because a zoo student has no weights to keep, got 'keep'")]
    [InlineData("student.normalisation=fold", "student.normalisation: expected one of 'keep', 'refresh', 'insert', got 'fold'")]
    [InlineData("student.normalisation={insert: {image: 5}}", "expected one of 'images', got 'image'; did you mean 'images'?")]
    [InlineData("student.normalisation={keep: {images: 5}}", "expected no keys, got 'images'")]
    [InlineData("student.normalisation={refresh: {images: 0}}", "student.normalisation.refresh.images: expected a whole number of at least 1, got '0'")]
    [InlineData("student.normalisation={refresh: {}, insert: {}}", "student.normalisation: expected one of 'keep', 'refresh', 'insert', got keys and values")]
    [InlineData("student.normalisation=true", "student.normalisation: expected one of 'keep', 'refresh', 'insert', got 'true'")]
    [InlineData("student.taps=[a, a]", "student.taps: expected each tap once, got 'a' 2 times")]
    [InlineData("teachers=[]", "teachers: expected at least one element in the list of teachers, got none")]
    [InlineData("teachers.0.labels=[cat, null]", "teachers.0.labels.1: expected a label, got null, which YAML reads as nothing; write \"null\" if that is its name")]
    [InlineData("teachers.0.labels=[cat, ~]", "teachers.0.labels.1: expected a label, got ~, which YAML reads as nothing; write \"~\" if that is its name")]
    [InlineData("teachers.0.labels=[cat, dog, cat]", "teachers.0.labels: expected different labels, got 'cat' for class 0 and class 2")]
    [InlineData("teachers.0.labels=[cat, \"\\e[31m\"]", "teachers.0.labels.1: expected a label without control characters")]
    [InlineData("teachers.0.name=student", "teachers.0.name: expected another name than 'none', 'student', 'concatenated', 'union', got 'student'; state a 'name'")]
    [InlineData("teachers.0.input={channels: 2}", "teachers.0.input.channels: expected 1 or 3, got '2'")]
    [InlineData("teachers.0.input={mean: [1, 2]}", "teachers.0.input.mean: expected one number, or one a channel (3), got 2")]
    [InlineData("teachers.0.input={channels: 1, std: [1, 2, 3]}", "teachers.0.input.std: expected one number, or one a channel (1), got 3")]
    [InlineData("teachers.0.input={std: 0}", "teachers.0.input.std: expected a number above 0, got '0'")]
    [InlineData("teachers.0.input={size: 0}", "teachers.0.input.size: expected a whole number from 1 to 16384, got '0'")]
    [InlineData("teachers.0.input={size: [1, 2, 3]}", "teachers.0.input.size: expected one number, or [height, width], got 3 elements")]
    [InlineData("data.unlabelled.0.part=0.5..0.5", "data.unlabelled.0.part: expected a share FROM..TO with 0 <= FROM < TO <= 1, got '0.5..0.5'")]
    [InlineData("data.unlabelled.0.part=0..1.1", "data.unlabelled.0.part: expected a share FROM..TO with 0 <= FROM < TO <= 1, got '0..1.1'")]
    [InlineData("data.unlabelled.0.limit=0", "data.unlabelled.0.limit: expected a whole number of at least 1, got '0'")]
    [InlineData("data.unlabelled.0.split=test", "data.unlabelled.0.split: expected no such key, because this kind of source has none")]
    [InlineData("data.unlabelled.0={domain: a}", "data.unlabelled.0: expected one of the keys 'idx', 'cifar10', 'cifar100', 'folder', 'csv', which is missing")]
    [InlineData("data.unlabelled.0.csv=x.csv", "data.unlabelled.0.csv: expected one source, got 'folder', 'csv'; make each an element of the list")]
    [InlineData("data.unlabelled.0.domain=[]", "data.unlabelled.0.domain: expected at least one element in the list of teachers' names, got none")]
    [InlineData("data.validate=[]", "data.validate: expected at least one element in the list of sources, got none")]
    [InlineData("augment=[{random_mask: {share: 1}}]", "augment.0.random_mask.share: expected a share above 0 and below 1, got '1'")]
    [InlineData("teachers.0.taps=[{value: a, weight: 1}, b]", "teachers.0.taps: expected a weight at every tap or at none, got one at 1 of 2; weighted taps are summed to one feature")]
    [InlineData("teachers.0.taps=[{value: a, weight: 0}]", "teachers.0.taps.0.weight: expected a number above 0, got '0'")]
    [InlineData("student.taps=[{value: a, weight: 1}]", "expected one of 'value', 'layout', got 'weight'")]
    [InlineData("teachers.0.weight=-1", "teachers.0.weight: expected a number of at least 0, got '-1'")]
    [InlineData("augment=[{exemplar: {strength: 5}}]", "augment.0.exemplar.strength: expected a number from 0 to 4, got '5'")]
    [InlineData("augment=[{crop: {}}]", "augment.0.crop: expected the key 'padding', which is missing")]
    public void A_value_out_of_its_range_or_kind_is_refused(string change, string message) =>
        Assert.Equal($"--set: {message}", recipe.Refused(RecipeText.Minimal, change));

    [Fact]
    public void A_term_in_the_common_space_needs_taps_on_both_sides()
    {
        Assert.Equal("recipe.yaml:5: student: expected a tap for the common space, got 'taps: none'", recipe.Refused(RecipeText.Minimal, "student.taps=none", "amalgamation={preset: published}"));
        Assert.Equal("recipe.yaml:3: teachers: expected a tap for the common space in at least one teacher, got 'taps: none' in all",
            recipe.Refused(RecipeText.Minimal, "teachers.0.taps=none", "teachers.1.taps=none", "amalgamation={preset: published}"));
        Assert.Equal("recipe.yaml:5: student: expected a tap for 'hint', 'rkd', got 'taps: none'",
            recipe.Refused(RecipeText.Minimal, "student.taps=none", "amalgamation={labels: joint, losses: [{soft_target: {weight: 1}}, {hint: {weight: 1}}, {rkd: {weight: 1}}]}"));
        Assert.Empty(recipe.Read(RecipeText.Minimal, "student.taps=none", "amalgamation={labels: joint, losses: [{soft_target: {weight: 1}}]}").Student.Taps!);
    }

    [Fact]
    public void A_gate_by_domain_names_every_source_without_one()
    {
        var text = RecipeText.Minimal.Replace(", domain: second}", "}", StringComparison.Ordinal) + "\namalgamation: {preset: published, labels: gated, gate: domain}";
        Assert.Equal(
            "recipe.yaml:11: amalgamation.gate: expected a 'domain' on every unlabelled source for 'gated', got none on data.unlabelled.1 (folder 'scans'); add 'domain: TEACHER', or estimate it with 'gate: refined'",
            recipe.Refused(text));
    }

    [Fact]
    public void A_gate_is_by_domain_where_every_source_names_one_and_estimated_where_not()
    {
        const string Gated = "\namalgamation: {preset: published, labels: gated}";
        Assert.Equal(new GateRecipe(GateKind.Domain), recipe.Read(RecipeText.Minimal + Gated).Amalgamation.Gate);
        var untagged = RecipeText.Minimal.Replace(", domain: second}", "}", StringComparison.Ordinal) + Gated;
        Assert.Equal(new GateRecipe(GateKind.Refined), recipe.Read(untagged).Amalgamation.Gate);
    }

    [Theory]
    [InlineData("{labels: joint, gate: energy, losses: [hard_label: {weight: 1}]}", "amalgamation.gate: expected 'labels: gated' beside a gate, got 'joint'")]
    [InlineData("{preset: published, labels: gated, gate: refind}", "amalgamation.gate: expected one of 'domain', 'energy', 'standardised', 'calibrated', 'density', 'statistics', 'clusters', 'refined', got 'refind'; did you mean 'refined'?")]
    [InlineData("{preset: published, labels: gated, gate: {energy: {clusters: 3}}}", "expected one of 'nobody', 'ignore_domains', got 'clusters'")]
    [InlineData("{preset: published, labels: gated, gate: {density: {evidence: density}}}", "expected one of 'nobody', 'ignore_domains', got 'evidence'")]
    [InlineData("{preset: published, labels: gated, gate: {energy: {nobody: 1}}}", "amalgamation.gate.energy.nobody: expected a share from 0 to below 1, got '1'")]
    [InlineData("{preset: published, views_apart: true}", "amalgamation: expected steps under 'augment' for 'views_apart' to draw, got none")]
    [InlineData("{preset: published, labels: gated, gate: {refined: {evidence: calibrated}}}", "amalgamation.gate.refined.evidence: expected 'energy', 'density', 'statistics', got 'calibrated'")]
    [InlineData("{preset: published, labels: gated, gate: {refined: {agreement_after: 0}}}", "amalgamation.gate.refined.agreement_after: expected a number of epochs of at least 1, or 'none', got '0'")]
    [InlineData("{preset: published, labels: gated, gate: {clusters: {clusters: 0}}}", "amalgamation.gate.clusters.clusters: expected a whole number from 1 to 10000, got '0'")]
    public void A_wrong_gate_is_refused(string amalgamation, string message) =>
        Assert.Contains(message, recipe.Refused(RecipeText.Minimal, $"amalgamation={amalgamation}"), StringComparison.Ordinal);

    [Fact]
    public void A_features_only_teacher_has_no_labels_and_cannot_gate()
    {
        Assert.Contains("expected no labels, because 'logits: none'", recipe.Refused(RecipeText.Minimal, "teachers.0.logits=none", "teachers.0.labels=[x]"), StringComparison.Ordinal);
        Assert.Contains("expected domains of teachers with scores for 'gated', got 'a' with 'logits: none'",
            recipe.Refused(RecipeText.Minimal, "teachers.0.logits=none", "amalgamation={preset: published, labels: gated}"), StringComparison.Ordinal);
        Assert.StartsWith("recipe.yaml:7: data: expected domains of teachers with scores for 'gated', got 'a' with 'logits: none'",
            recipe.Refused(RecipeText.Minimal, "teachers.0.logits=none"), StringComparison.Ordinal);
        Assert.Contains("expected at least one teacher with scores", recipe.Refused(RecipeText.Minimal, "teachers.0.logits=none", "teachers.1.logits=none"), StringComparison.Ordinal);
        Assert.True(recipe.Read(RecipeText.Minimal, "teachers.0.logits=none", "amalgamation.preset=published").Teachers[0].FeaturesOnly);
    }

    [Theory]
    [InlineData("names.txt", "cat\n\ndog\n", "expected a name for every class, got nothing or control characters for class 1 in 'names.txt'")]
    [InlineData("names.txt", "\n\n", "expected labels, got none in 'names.txt'")]
    [InlineData("names.json", "{\"0\": \"cat\"}", "expected a JSON list of texts in 'names.json'")]
    [InlineData("names.json", "[\"cat\", null]", "expected a name for every class, got nothing or control characters for class 1 in 'names.json'")]
    [InlineData("other.txt", "cat", "expected a list of labels, or a file that can be read")]
    public void A_file_of_labels_must_name_every_class(string file, string content, string message)
    {
        recipe.Write(content, file);
        var stated = file == "other.txt" ? "missing.txt" : file;
        Assert.StartsWith($"--set: teachers.0.labels: {message}", recipe.Refused(RecipeText.Minimal, $"teachers.0.labels={stated}"), StringComparison.Ordinal);
    }

    public void Dispose() => recipe.Dispose();
}
