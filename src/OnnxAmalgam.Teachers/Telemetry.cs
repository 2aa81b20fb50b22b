using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace OnnxAmalgam.Teachers;

/// <summary>ONNX Runtime's official builds send telemetry unless <c>ORT_DISABLE_TELEMETRY</c> is 1 in the native environment before they load.</summary>
internal static class Telemetry
{
    internal const string Switch = "ORT_DISABLE_TELEMETRY";

    /// <summary>Runs before any other code of this assembly, so before it can load ONNX Runtime.</summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "No caller of this library may be able to forget it.")]
    internal static void SwitchOff() => NativeEnvironment.Set(Switch, "1");

    /// <summary>Whether ONNX Runtime finds telemetry switched off.</summary>
    internal static bool IsOff => NativeEnvironment.Get(Switch) == "1";
}
