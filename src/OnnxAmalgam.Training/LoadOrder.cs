using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using OnnxAmalgam.Trainable;

namespace OnnxAmalgam.Training;

/// <summary>This room calls TorchSharp itself: what Trainable settles before libtorch loads must be settled before that, too.</summary>
internal static class LoadOrder
{
    /// <summary>Runs before any other code of this assembly. Loads no native library.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "No caller of this library may be able to forget it.")]
    internal static void TrainableFirst() => RuntimeHelpers.RunModuleConstructor(typeof(TrainableGraph).Module.ModuleHandle);
}
