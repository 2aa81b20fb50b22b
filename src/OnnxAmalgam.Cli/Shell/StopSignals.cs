using System.Runtime.InteropServices;

namespace OnnxAmalgam.Cli.Shell;

/// <summary>The first Ctrl-C or SIGTERM asks to stop; a second one ends the process at once.</summary>
internal sealed class StopSignals : IDisposable
{
    readonly CancellationTokenSource source = new();
    readonly PosixSignalRegistration[] registrations;
    int code = Shell.ExitCode.Interrupted;

    public StopSignals(Session session)
    {
        registrations = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle)];

        void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            code = context.Signal == PosixSignal.SIGTERM ? Shell.ExitCode.Terminated : Shell.ExitCode.Interrupted;
            if (source.IsCancellationRequested)
                ImmediateExit.With(code);
            session.Terminal.Error.WriteLine("stopping after this step; once more to stop at once");
            source.Cancel();
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Stop => source.Token;

    /// <summary>What the signal makes of the exit code.</summary>
    public int ExitCode => code;

    public void Dispose()
    {
        foreach (var registration in registrations)
            registration.Dispose();
        source.Dispose();
    }
}
