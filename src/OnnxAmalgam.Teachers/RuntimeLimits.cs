namespace OnnxAmalgam.Teachers;

/// <summary>What the ONNX Runtime that this build carries can read, known without loading it.</summary>
public static class RuntimeLimits
{
    /// <summary>Its version.</summary>
    public const string Version = "1.31.1";

    /// <summary>Newest IR version.</summary>
    public const long NewestIr = 13;

    /// <summary>Newest opset of ONNX's own domain.</summary>
    public const long NewestOpset = 26;
}
