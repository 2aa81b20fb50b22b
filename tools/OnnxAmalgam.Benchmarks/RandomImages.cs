namespace OnnxAmalgam.Benchmarks;

/// <summary>CIFAR-10's binary layout with random pixels: speed does not depend on what is in the picture.</summary>
static class RandomImages
{
    const int Batches = 5, Bytes = 3072;

    /// <summary>Writes the train batches and the names.</summary>
    public static void WriteCifar10(string folder, int count)
    {
        var random = new Random(1);
        byte[] image = new byte[Bytes];
        for (int i = 0; i < Batches; i++)
        {
            using FileStream file = File.Create(Path.Combine(folder, $"data_batch_{i + 1}.bin"));
            for (int n = 0; n < (count + Batches - 1) / Batches; n++)
            {
                random.NextBytes(image);
                file.WriteByte((byte)(n % 10));
                file.Write(image);
            }
        }

        File.WriteAllLines(Path.Combine(folder, "batches.meta.txt"), ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]);
    }
}
