internal import RAKit

/// The built programs that the tests run.
public enum AgentBinary {
    /// The package's root, by the place of this file.
    public static let root = parentDirectory(parentDirectory(parentDirectory(#filePath)))

    /// The folder of the programs under test: PGSQL_SWIFT_BINARIES, else where the tests themselves were built.
    public static let folder = named ?? testFolder

    public static let agent = folder + "/pgsql-ra"

    /// The folder of a release build; nil when there is none.
    public static let releaseFolder: String? = {
        let folder = named ?? root + "/.build/release"
        return isExecutable(folder + "/pgsql-ra") && isExecutable(folder + "/pgrex-tool") ? folder : nil
    }()

    /// The commands of a fake cluster.
    public static let fakeCommands = root + "/Tests/Fixtures/bin"

    private static let named = environmentValue("PGSQL_SWIFT_BINARIES").flatMap { $0.isEmpty ? nil : $0 }

    private static let testFolder = linkTarget("/proc/self/exe").map(parentDirectory) ?? "."
}
