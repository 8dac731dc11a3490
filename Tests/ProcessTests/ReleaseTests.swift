import RAKit
import RATestSupport
import Testing

/// The binaries need no Swift on the node.
@Suite(
    .enabled(
        if: AgentBinary.releaseFolder != nil,
        "there is no release build: 'make build', or name its folder in PGSQL_SWIFT_BINARIES"
    )
)
struct ReleaseTests {
    private func binary(_ name: String) -> String { (AgentBinary.releaseFolder ?? "") + "/" + name }

    @Test(arguments: ["pgsql-ra", "pgrex-tool"])
    func needsOnlyTheSystemsLibraries(_ name: String) throws {
        let result = run(Command("ldd", [binary(name)]), by: .after(milliseconds: 10_000))
        let libraries = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
            .compactMap { $0.split(separator: " ").first.map { trimSpaces($0) } }
        let allowed = ["linux-vdso.so", "linux-gate.so", "libc.so", "libm.so", "/lib", "libpthread.so", "libdl.so"]
        let others = libraries.filter { library in !allowed.contains { library.hasPrefix($0) } }
        #expect(result.isSuccess && !libraries.isEmpty)
        #expect(others.isEmpty)
    }

    private static let toolchain: [String] = {
        var folders = ["/usr/lib/swift", "/usr/libexec/swift"]
        if let program = findProgram("swift") {
            let real = run(Command("readlink", ["-f", program]), by: .after(milliseconds: 5000))
            let path = trimSpaces(String(decoding: real.output, as: UTF8.self))
            let root = parentDirectory(parentDirectory(path))
            if root != "/usr" { folders.append(root) }
        }
        return folders.filter { FileFacts($0) != nil }
    }()

    private static let canHide =
        effectiveUserID() == 0
        && run(Command("unshare", ["-m", "true"]), by: .after(milliseconds: 5000)).isSuccess

    /// In a mount namespace of its own, where empty file systems cover the toolchain's folders.
    @Test(
        .enabled(if: canHide, "it needs root and mount namespaces"),
        arguments: [("pgsql-ra", "meta-data", "<resource-agent"), ("pgrex-tool", "--help", "USAGE:")]
    )
    func runsWithoutTheToolchain(_ name: String, _ word: String, _ expected: String) throws {
        let covers = ReleaseTests.toolchain.map { "mount -t tmpfs none '\($0)'" }.joined(separator: " && ")
        let isolated = "export PATH=/usr/bin:/bin; unset LD_LIBRARY_PATH; "
        let hidden = "if swift --version || ls \(ReleaseTests.toolchain.map { "'\($0)'/*" }.joined(separator: " ")); "
        let script =
            "\(covers.isEmpty ? "true" : covers) && \(isolated)"
            + "\(hidden) then echo the toolchain is still there; exit 99; fi >/dev/null 2>&1; exec \(binary(name)) \(word)"
        let result = run(Command("unshare", ["-m", "sh", "-c", script]), by: .after(milliseconds: 10_000))
        #expect(result.isSuccess, "\(result.summary)")
        #expect(String(decoding: result.output, as: UTF8.self).contains(expected))
    }

    /// All of it once more with the optimized binary: what a node runs is what was tested.
    @Test func answersAsTheDebugBuild() throws {
        var call = AgentCall()
        let tested = call.run("meta-data")
        call.program = binary("pgsql-ra")
        #expect(call.run("meta-data").output == tested.output)
        #expect(call.run("no_cmd").code == 3)
    }
}
