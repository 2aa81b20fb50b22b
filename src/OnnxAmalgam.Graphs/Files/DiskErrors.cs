namespace OnnxAmalgam.Graphs.Files;

enum DiskErrorKind
{
    Other,
    Full,
    TooLarge,
    NotAllowed,
}

/// <summary>Tells apart why a file could not be written.</summary>
static class DiskErrors
{
    const int Eperm = 1, Eacces = 13, Efbig = 27, Enospc = 28, Erofs = 30, EdquotLinux = 122, EdquotMac = 69;
    const int WindowsAccessDenied = unchecked((int)0x80070005), WindowsHandleDiskFull = unchecked((int)0x80070027), WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>On Unix .NET puts errno into HResult, on Windows the system's code.</summary>
    public static DiskErrorKind KindOf(Exception e) => e switch
    {
        UnauthorizedAccessException => DiskErrorKind.NotAllowed,
        _ when OperatingSystem.IsWindows() => e.HResult switch
        {
            WindowsHandleDiskFull or WindowsDiskFull => DiskErrorKind.Full,
            WindowsAccessDenied => DiskErrorKind.NotAllowed,
            _ => DiskErrorKind.Other,
        },
        _ => e.HResult switch
        {
            Enospc => DiskErrorKind.Full,
            EdquotLinux when OperatingSystem.IsLinux() => DiskErrorKind.Full,
            EdquotMac when OperatingSystem.IsMacOS() => DiskErrorKind.Full,
            Efbig => DiskErrorKind.TooLarge,
            Eperm or Eacces or Erofs => DiskErrorKind.NotAllowed,
            _ => DiskErrorKind.Other,
        },
    };
}
