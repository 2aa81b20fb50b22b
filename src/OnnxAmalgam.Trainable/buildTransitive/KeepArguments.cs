using System;
using System.IO;
using System.Linq;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Writes a copy of TorchSharp.dll whose methods keep their arguments alive until they return. TorchSharp hands libtorch the address inside a
/// <c>Scalar</c> (the 2 in <c>x * 2</c>) and the optimising compiler lets go of the object before the call: a garbage collection that another
/// thread sets off meanwhile frees the number, and libtorch reads what has come in its place. Code that is not optimised holds its arguments
/// to the end. So the assembly says that it is not to be: two bytes change, DebuggingModes.DisableOptimizations and Default in its
/// DebuggableAttribute. What these methods do is call libtorch; a training step is not measurably longer.
/// </summary>
public sealed class KeepArguments : Task
{
    /// <summary>The attribute's value as stored: length, prolog, DebuggingModes (int32), no named arguments.</summary>
    static readonly byte[] Optimised = { 8, 1, 0, 2, 0, 0, 0, 0, 0 };
    static readonly byte[] Kept = { 8, 1, 0, 3, 1, 0, 0, 0, 0 };

    /// <summary>The assembly as the package has it; never changed.</summary>
    [Required]
    public string Source { get; set; } = "";

    /// <summary>Where the copy goes; left alone when it already holds the same bytes.</summary>
    [Required]
    public string Destination { get; set; } = "";

    public override bool Execute()
    {
        byte[] file = File.ReadAllBytes(Source);
        int[] found = Enumerable.Range(0, file.Length - Optimised.Length).Where(i => file[i] == 8 && file.Skip(i).Take(Optimised.Length).SequenceEqual(Optimised)).ToArray();
        if (found.Length != 1)
        {
            Log.LogError($"'{Source}': expected one DebuggableAttribute of an optimised assembly, got {found.Length}; reference the TorchSharp version this target was written for, or set KeepTorchSharpArguments=false.");
            return false;
        }

        Kept.CopyTo(file, found[0]);
        if (File.Exists(Destination) && File.ReadAllBytes(Destination).SequenceEqual(file))
        {
            return true;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(Destination))!);
        string fresh = Destination + ".new";
        File.WriteAllBytes(fresh, file);
        if (File.Exists(Destination))
        {
            File.Delete(Destination);
        }

        File.Move(fresh, Destination);
        return true;
    }
}
