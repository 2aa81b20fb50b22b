namespace OnnxAmalgam.Teachers;

/// <summary>How a session's runs on CUDA are ordered against what else the caller asks of the device. Without meaning on a processor.</summary>
public enum CudaSchedule
{
    /// <summary>A stream of ONNX Runtime's own. A run begins at once: the caller sees to it that the device has finished whatever touches the run's
    /// memory. It returns when it is done.</summary>
    OwnStream,

    /// <summary>The default stream, on which libtorch works: a run is queued behind all that any thread asked for before, and what is asked
    /// for later waits for it. It returns at once, unless it reads or writes memory of the processor.</summary>
    DefaultStream,

    /// <summary>As <see cref="OwnStream"/>, and what <see cref="FrozenModel.Record"/> recorded is launched as one CUDA graph. The default stream
    /// cannot be recorded.</summary>
    Graph,
}
