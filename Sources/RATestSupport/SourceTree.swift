internal import RAKit

/// The package's own files, for rules that they must keep.
public enum SourceTree {
    /// A text file and its path from the package's root.
    public struct File: Sendable {
        public let path: String
        public let text: String
    }

    private static let folders = ["Sources", "Tests", "lab", "docs", "crm-examples", "ocf-metadata"]
    private static let single = ["Package.swift", "Makefile", "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]

    /// Every text file below the folders that hold the project's work.
    public static func files() -> [File] {
        var paths = single
        for folder in folders { collect(folder, &paths) }
        return paths.sorted().compactMap { path in
            guard let text = try? readText(AgentBinary.root + "/" + path, limit: 1 << 20), !text.utf8.contains(0) else {
                return nil
            }
            return File(path: path, text: text)
        }
    }

    private static func collect(_ folder: String, _ paths: inout [String]) {
        for name in (try? listDirectory(AgentBinary.root + "/" + folder)) ?? [] {
            guard !name.hasPrefix("."), name != "__pycache__" else { continue }
            let path = folder + "/" + name
            guard let facts = FileFacts(AgentBinary.root + "/" + path) else { continue }
            if facts.isDirectory { collect(path, &paths) } else { paths.append(path) }
        }
    }
}
