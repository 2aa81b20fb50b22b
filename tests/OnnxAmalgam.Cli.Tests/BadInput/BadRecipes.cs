using OnnxAmalgam.Cli.Tests.Running;

namespace OnnxAmalgam.Cli.Tests.BadInput;

/// <summary>Recipes that ask for what there is not, and the models and images they name.</summary>
internal static class BadRecipes
{
    public static IEnumerable<BadCase> Cases =>
    [
        Set("a key that no recipe has", "amalgamation.loses=[]", "loses", "'losses'"),
        Recipe("a wrong key in the file", text => text.Replace("epochs:", "epoch:", StringComparison.Ordinal), "recipe.yaml:", "'epoch'", "'epochs'"),
        Recipe("a missing key", text => text.Replace("model: teacher.onnx, ", "", StringComparison.Ordinal), "recipe.yaml:", "model"),
        Recipe("a text that is no YAML", _ => "teachers: [", "recipe.yaml"),
        new("a recipe that is not there", _ => ["train", "nothing.yaml", "-o", "run"], "nothing.yaml"),
        Set("a value of the wrong kind", "train.epochs=many", "epochs", "'many'"),
        Set("an unknown tap", "teachers.0.taps=[featur]", "'featur'", "'feature'", "inspect"),
        Set("a tap that does not depend on the image", "teachers.0.taps=[still]", "'still'", "teacher.onnx"),
        Set("labels of the wrong length", "teachers.0.labels=[a, b, c]", "'one'", "3"),
        Set("a label twice", "teachers.0.labels=[a, a]", "'a'"),
        Set("a teacher that is not there", "teachers.0.model=missing.onnx", "missing.onnx"),
        Folder("a folder without images", "empty", _ => { }, "empty"),
        new("a folder that is not there", folder => Train(folder, "data.unlabelled.0={folder: absent}"), "absent"),
        Folder("files that are no pictures", "broken", folder =>
        {
            for (int i = 0; i < 3; i++)
            {
                File.WriteAllBytes(Path.Combine(folder, $"{i}.png"), "no picture"u8);
            }
        }, "broken", "3"),
        Set("a size that the teacher's file contradicts", "teachers.0.input={size: 12}", "teacher.onnx", "'images'", "8", "12"),
        Folder("records of the wrong size", "cifar", folder =>
        {
            for (int i = 1; i <= 5; i++)
            {
                File.WriteAllBytes(Path.Combine(folder, $"data_batch_{i}.bin"), new byte[3000]);
            }

            File.WriteAllText(Path.Combine(folder, "batches.meta.txt"), string.Join('\n', Enumerable.Range(0, 10)));
        }, "data_batch_1.bin", "3073", "3000"),
        Folder("an idx file that is shorter than it says", "idx", folder =>
        {
            byte[] file = new byte[16 + 100];
            new byte[] { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 8 }.CopyTo(file, 0);
            File.WriteAllBytes(Path.Combine(folder, "train-images-idx3-ubyte"), file);
        }, "idx", "train-images-idx3-ubyte"),
        new("a picture that is not there", folder => Predict(folder, "absent.png"), "'absent.png'"),
        new("a text in place of a picture", folder => Predict(folder, "recipe.yaml"), "'recipe.yaml'", "JPEG, PNG, WebP or BMP"),
        Set("NaN in a teacher's logits", "teachers.0.model=nan.onnx", "teacher 'one'", "bright.png'", "NaN"),
        Set("operators that a student cannot have, all at once", "student={model: foreign.onnx, input: {mean: [0]}}", "RandomNormalLike", "Bernoulli"),
        Set("a student without a head", "student={model: headless.onnx, input: {mean: [0]}}", "headless"),
    ];

    /// <summary>A small recipe with everything that it names: a teacher of two labels and sixteen grey pictures, one of them with a bright corner.</summary>
    public static void Write(string folder)
    {
        File.WriteAllText(Path.Combine(folder, "recipe.yaml"), """
            name: small
            teachers:
              - {name: one, model: teacher.onnx, input: {scale: 0.00392156862745098}, labels: [a, b]}
            student: {model: "zoo:resnet(widths=[4], blocks=[1])"}
            data:
              unlabelled:
                - {folder: pictures, domain: one}
            amalgamation: {labels: gated, losses: [{soft_target: {weight: 1, temperature: 1}}]}
            train: {epochs: 1, batch: 4, select: last}

            """);
        File.WriteAllBytes(Path.Combine(folder, "teacher.onnx"), Models.With(m =>
        {
            m.Graph.Node.Insert(0, Models.Node("Relu", ["weight"], "still"));
            m.Graph.Node[5].Input[1] = "still";
        }));
        File.WriteAllBytes(Path.Combine(folder, "nan.onnx"), Models.NaNForBrightCorners());
        File.WriteAllBytes(Path.Combine(folder, "foreign.onnx"), Models.WithForeignOperators());
        File.WriteAllBytes(Path.Combine(folder, "headless.onnx"), Models.With(m => m.Graph.Node[4] = Models.Node("Identity", ["flat"], "logits")));
        Directory.CreateDirectory(Path.Combine(folder, "pictures"));
        for (int i = 0; i < 16; i++)
        {
            byte[] grey = [.. Enumerable.Range(0, 64).Select(p => (byte)((p * 3 + i * 5) % 100))];
            if (i == 11)
            {
                grey[0] = 255;
            }

            File.WriteAllBytes(Path.Combine(folder, "pictures", i == 11 ? "bright.png" : $"{i:00}.png"), Bundled.Png(8, 8, grey));
        }
    }

    /// <summary>The command line that trains that recipe.</summary>
    public static string[] Train(string folder, params string[] values)
    {
        Write(folder);
        return ["train", "recipe.yaml", "-o", "run", "--threads", "1", "-q", .. Bundled.Set(values)];
    }

    static string[] Predict(string folder, string image)
    {
        Write(folder);
        return ["predict", "teacher.onnx", image, "--recipe", "recipe.yaml"];
    }

    static BadCase Set(string name, string value, params string[] says) => new(name, folder => Train(folder, value), says);

    static BadCase Recipe(string name, Func<string, string> change, params string[] says) => new(name, folder =>
    {
        string[] command = Train(folder);
        string path = Path.Combine(folder, "recipe.yaml");
        File.WriteAllText(path, change(File.ReadAllText(path)));
        return command;
    }, says);

    static BadCase Folder(string name, string kind, Action<string> fill, params string[] says) => new(name, folder =>
    {
        fill(Directory.CreateDirectory(Path.Combine(folder, kind)).FullName);
        string source = kind switch { "cifar" => "{cifar10: cifar, split: train, domain: one}", "idx" => "{idx: idx, split: train, domain: one}", _ => $"{{folder: {kind}, domain: one}}" };
        return Train(folder, $"data.unlabelled.0={source}");
    }, says);
}
