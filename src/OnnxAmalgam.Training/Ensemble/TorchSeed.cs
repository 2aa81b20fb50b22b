using OnnxAmalgam.Teachers;
using static TorchSharp.torch;

namespace OnnxAmalgam.Training.Ensemble;

/// <summary>libtorch's own generators, which Dropout draws from; all else is drawn by <see cref="Randomness"/>.</summary>
static class TorchSeed
{
    /// <summary>Seeds the processor's, and those of GPUs where one computes.</summary>
    public static void Set(long seed, ComputeDevice device)
    {
        manual_seed(seed);
        if (device.IsCuda)
        {
            cuda.manual_seed_all(seed);
        }
    }
}
