using OnnxAmalgam.Teachers;

namespace OnnxAmalgam.Cli.Checks;

/// <summary>A session that is made when it is first asked for: expected outputs beside a model make it needless. Owns it.</summary>
internal sealed class LazySession(Func<PlainSession> make) : IDisposable
{
    PlainSession? session;

    /// <summary>The session.</summary>
    public PlainSession Value => session ??= make();

    public void Dispose() => session?.Dispose();
}
