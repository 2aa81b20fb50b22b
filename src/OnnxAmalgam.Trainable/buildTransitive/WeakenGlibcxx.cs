using System;
using System.IO;
using System.Linq;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Writes a copy of TorchSharp's native library in which the requirement of GLIBCXX_3.4.32 is weak, so that it loads where
/// libstdc++ is older (Debian 12, Ubuntu 22.04). The only symbol of that version, _ZSt21ios_base_library_initv, is referred to
/// by no relocation. Two bytes change: VER_FLG_WEAK in the version's vna_flags (.gnu.version_r), STB_WEAK in the
/// symbol's st_info (.dynsym). ELF64 little-endian only; layout from the System V gABI and the LSB's symbol versioning chapter.
/// </summary>
public sealed class WeakenGlibcxx : Task
{
    const string Version = "GLIBCXX_3.4.32";
    const string Symbol = "_ZSt21ios_base_library_initv";
    const uint DynSym = 11, VersionNeeds = 0x6ffffffe;

    /// <summary>The library as the package has it; never changed.</summary>
    [Required]
    public string Source { get; set; } = "";

    /// <summary>Where the copy goes; left alone when it already holds the same bytes.</summary>
    [Required]
    public string Destination { get; set; } = "";

    public override bool Execute()
    {
        byte[] file = File.ReadAllBytes(Source);
        try
        {
            if (!Weaken(file))
            {
                Log.LogMessage(MessageImportance.Normal, $"'{Source}' does not ask for {Version}: copied as it is.");
            }
        }
        catch (InvalidDataException e)
        {
            Log.LogError($"'{Source}': expected TorchSharp's 64-bit little-endian ELF library, got {e.Message}; reference the TorchSharp version this target was written for, or set WeakenGlibcxx=false where libstdc++ is 13 or newer.");
            return false;
        }

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

    /// <summary>Changes the two bytes; false when the version is not asked for at all.</summary>
    static bool Weaken(byte[] file)
    {
        if (file.Length < 64 || file[0] != 0x7f || file[1] != 'E' || file[2] != 'L' || file[3] != 'F' || file[4] != 2 || file[5] != 1)
        {
            throw new InvalidDataException("a file without that header");
        }

        long sections = (long)U64(file, 0x28);
        int entrySize = U16(file, 0x3a), count = U16(file, 0x3c);
        (long At, long Size, long Strings)? needs = null, symbols = null;
        for (int i = 0; i < count; i++)
        {
            long header = sections + ((long)i * entrySize);
            uint type = U32(file, header + 4);
            if (type is DynSym or VersionNeeds)
            {
                long linked = sections + ((long)U32(file, header + 0x28) * entrySize);
                var found = ((long)U64(file, header + 0x18), (long)U64(file, header + 0x20), (long)U64(file, linked + 0x18));
                if (type == DynSym) { symbols = found; } else { needs = found; }
            }
        }

        if (needs is null || symbols is null)
        {
            throw new InvalidDataException("no .gnu.version_r or .dynsym section");
        }

        long flag = FindVersionFlags(file, needs.Value);
        if (flag < 0)
        {
            return false;
        }

        long info = FindSymbolInfo(file, symbols.Value);
        if (info < 0)
        {
            throw new InvalidDataException($"{Version} without the symbol {Symbol}");
        }

        int binding = file[info] >> 4;
        if (binding is not (1 or 2))
        {
            throw new InvalidDataException($"{Symbol} with binding {binding}");
        }

        file[flag] |= 0x2;
        file[info] = (byte)((2 << 4) | (file[info] & 0xf));
        return true;
    }

    static long FindVersionFlags(byte[] file, (long At, long Size, long Strings) needs)
    {
        for (long need = needs.At; ;)
        {
            int entries = U16(file, need + 2);
            long entry = need + U32(file, need + 8);
            for (int i = 0; i < entries; i++)
            {
                if (Name(file, needs.Strings + U32(file, entry + 8)) == Version)
                {
                    return entry + 4;
                }

                entry += U32(file, entry + 12);
            }

            uint next = U32(file, need + 12);
            if (next == 0)
            {
                return -1;
            }

            need += next;
        }
    }

    static long FindSymbolInfo(byte[] file, (long At, long Size, long Strings) symbols)
    {
        for (long symbol = symbols.At; symbol < symbols.At + symbols.Size; symbol += 24)
        {
            if (Name(file, symbols.Strings + U32(file, symbol)) == Symbol)
            {
                return symbol + 4;
            }
        }

        return -1;
    }

    static string Name(byte[] file, long at)
    {
        Check(file, at, 1);
        int end = Array.IndexOf(file, (byte)0, (int)at);
        return Encoding.ASCII.GetString(file, (int)at, (end < 0 ? file.Length : end) - (int)at);
    }

    static ushort U16(byte[] file, long at) { Check(file, at, 2); return BitConverter.ToUInt16(file, (int)at); }

    static uint U32(byte[] file, long at) { Check(file, at, 4); return BitConverter.ToUInt32(file, (int)at); }

    static ulong U64(byte[] file, long at) { Check(file, at, 8); return BitConverter.ToUInt64(file, (int)at); }

    static void Check(byte[] file, long at, int size)
    {
        if (at < 0 || at > file.Length - size)
        {
            throw new InvalidDataException($"an offset of {at} in {file.Length} bytes");
        }
    }
}
