using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace OnnxAmalgam.Cli.Tests.PublicApi;

/// <summary>The public and protected members of an assembly as text. What the schema compiler made of onnx.proto (namespace Onnx) and what the C# compiler adds to
/// records is left out, and so are namespaces but for the type's own.</summary>
internal static class ApiText
{
    const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(int)] = "int", [typeof(long)] = "long", [typeof(float)] = "float",
        [typeof(double)] = "double", [typeof(string)] = "string", [typeof(object)] = "object", [typeof(nint)] = "nint",
    };

    public static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().Where(type => type.Namespace != "Onnx").OrderBy(Whole, StringComparer.Ordinal))
        {
            text.Append(Kind(type)).Append(' ').Append(Whole(type)).Append(Bases(type)).Append('\n');
            foreach (var member in type.GetMembers(All).Where(IsSeen).Select(Line).Order(StringComparer.Ordinal)) text.Append("    ").Append(member).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>With its namespace, which is left out wherever a type is only mentioned.</summary>
    static string Whole(Type type) => $"{type.Namespace}.{Name(type)}";

    static string Kind(Type type)
    {
        if (type.IsEnum) return "enum";
        if (type.IsInterface) return "interface";
        if (type.IsSubclassOf(typeof(Delegate))) return "delegate";
        var word = type.IsValueType ? "struct" : "class";
        if (type is { IsAbstract: true, IsSealed: true }) return $"static {word}";
        if (type.IsAbstract) return $"abstract {word}";
        return type is { IsSealed: true, IsValueType: false } ? $"sealed {word}" : word;
    }

    static string Bases(Type type)
    {
        if (type.IsEnum || type.IsSubclassOf(typeof(Delegate))) return "";
        var inherited = type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) ? (Type[])[parent] : [];
        var own = type.GetInterfaces().Where(i => i.IsPublic && i != typeof(IEquatable<>).MakeGenericType(type) && !(type.BaseType?.GetInterfaces().Contains(i) ?? false)).OrderBy(Name, StringComparer.Ordinal);
        string[] all = [.. inherited.Concat(own).Select(Name)];
        return all.Length == 0 ? "" : $" : {string.Join(", ", all)}";
    }

    static bool IsSeen(MemberInfo member) => !member.IsDefined(typeof(CompilerGeneratedAttribute)) && member switch
    {
        MethodBase method => IsSeen(method) && (!method.IsSpecialName || method.IsConstructor || method.Name.StartsWith("op_", StringComparison.Ordinal)),
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsSeen) && property.Name != "EqualityContract",
        FieldInfo field => (field.IsPublic || field.IsFamily) && !field.IsSpecialName,
        EventInfo happening => IsSeen(happening.AddMethod!),
        _ => false,
    };

    static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    static string Line(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        MethodInfo method => $"{Static(method)}{Name(method.ReturnType)} {method.Name}{Generic(method)}({Parameters(method)})",
        PropertyInfo property => $"{Static(property.GetAccessors(nonPublic: true)[0])}{Name(property.PropertyType)} {property.Name} {{ {Accessors(property)} }}",
        FieldInfo { DeclaringType.IsEnum: true } field => $"{field.Name} = {field.GetRawConstantValue()}",
        FieldInfo field => $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}",
        EventInfo happening => $"event {Name(happening.EventHandlerType!)} {happening.Name}",
        _ => member.Name,
    };

    static string Static(MethodBase method) => method.IsStatic ? "static " : "";

    static string Generic(MethodInfo method) => method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p => $"{Name(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? $" = {p.DefaultValue ?? "null"}" : "")}"));

    static string Accessors(PropertyInfo property)
    {
        var isInit = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ?? false;
        string[] parts = [.. property.GetMethod is { } get && IsSeen(get) ? (string[])["get;"] : [], .. property.SetMethod is { } set && IsSeen(set) ? (string[])[isInit ? "init;" : "set;"] : []];
        return string.Join(' ', parts);
    }

    static string Name(Type type)
    {
        if (Keywords.TryGetValue(type, out var keyword)) return keyword;
        if (type.IsGenericParameter) return type.Name;
        if (type.IsArray) return $"{Name(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        if (type.IsByRef) return $"ref {Name(type.GetElementType()!)}";
        if (type.IsPointer) return $"{Name(type.GetElementType()!)}*";
        if (Nullable.GetUnderlyingType(type) is { } inner) return $"{Name(inner)}?";
        var arguments = string.Join(", ", type.GetGenericArguments().Select(Name));
        if (type.IsAssignableTo(typeof(ITuple))) return $"({arguments})";
        var stem = type.DeclaringType is { } outer ? $"{Name(outer)}.{type.Name}" : type.Name;
        return type.IsGenericType ? $"{stem.Split('`')[0]}<{arguments}>" : stem;
    }
}
