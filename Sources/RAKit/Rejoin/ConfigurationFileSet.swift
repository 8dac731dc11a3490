import RACore

/// Which files an instance's configuration is made of.
struct ConfigurationFileSet {
    /// Files of settings, wherever they stand, in the order in which the server reads them.
    private(set) var settings: [String] = []
    /// Files inside the data directory, certificates and keys among them, by their paths from there; sorted.
    private(set) var inside: Set<String> = []
    /// Directories inside the data directory of which every file is read.
    private(set) var directories: Set<String> = []
    /// Files that would be read if they were there.
    private(set) var absent: Set<String> = []
    private let dataDirectory: String
    private var visited: Set<String> = []

    init(_ installation: Installation) {
        dataDirectory = installation.dataDirectory
        readSettings(installation.configurationFile)
        for name in ["postgresql.conf", "postgresql.auto.conf"] { readSettings(dataDirectory + "/" + name) }
        for name in ["pg_hba.conf", "pg_ident.conf"] { readAccess(dataDirectory + "/" + name) }
        for name in ["server.crt", "server.key"] { add(dataDirectory + "/" + name) }
    }

    /// Paths that a setting holds, and what they lead to. The server takes relative ones from the data directory.
    private static let accessSettings = ["hba_file", "ident_file"]
    private static let fileSettings = [
        "ssl_cert_file", "ssl_key_file", "ssl_ca_file", "ssl_crl_file", "ssl_dh_params_file", "krb_server_keyfile",
    ]

    private mutating func readSettings(_ path: String) {
        guard visited.insert(path).inserted else { return }
        guard add(path, orNote: true), let text = try? readByteText(path) else { return }
        settings.append(path)
        let folder = parentDirectory(path)
        for entry in parseConfiguration(text) {
            switch entry {
            case .include(let other), .includeIfExists(let other): readSettings(absolute(other, in: folder))
            case .includeDirectory(let other): readDirectory(absolute(other, in: folder)) { $0.readSettings($1) }
            case .setting(let name, let value): readFile(of: name, value)
            }
        }
    }

    private mutating func readFile(of name: String, _ value: String) {
        let path = absolute(value, in: dataDirectory)
        if Self.accessSettings.contains(name) {
            readAccess(path)
        } else if Self.fileSettings.contains(name), !value.isEmpty {
            add(path)
        } else if name == "ssl_crl_dir", !value.isEmpty {
            for file in (try? listDirectory(path)) ?? [] { add(path + "/" + file) }
        }
    }

    private mutating func readAccess(_ path: String) {
        guard visited.insert(path).inserted, add(path), let text = try? readByteText(path) else { return }
        for other in referencedFiles(ofAccessFile: text) {
            let target = absolute(other, in: parentDirectory(path))
            if other.hasSuffix("/") {
                readDirectory(target) { $0.readAccess($1) }
            } else {
                readAccess(target)
            }
        }
    }

    private mutating func readDirectory(_ path: String, _ read: (inout ConfigurationFileSet, String) -> Void) {
        if let place = place(path) { directories.insert(place) }
        for name in (try? listDirectory(path)) ?? [] where name.hasSuffix(".conf") && !name.hasPrefix(".") {
            read(&self, path + "/" + name)
        }
    }

    /// Enters a file that is inside the data directory.
    ///
    /// - Returns: whether the file is there, wherever that is.
    @discardableResult
    private mutating func add(_ path: String, orNote isNoted: Bool = false) -> Bool {
        let isThere = FileFacts(path)?.isRegular ?? false
        guard let place = place(path) else { return isThere }
        if isThere {
            inside.insert(place)
        } else if isNoted {
            absent.insert(place)
        }
        return isThere
    }

    /// A path from the data directory; nil for one that leads elsewhere.
    private func place(_ path: String) -> String? {
        for root in [dataDirectory, resolved(dataDirectory)] where path.hasPrefix(root + "/") {
            return String(path.dropFirst(root.utf8.count + 1))
        }
        return nil
    }

    /// A path as written in a file, without "." and "..".
    private func absolute(_ text: String, in folder: String) -> String {
        // Read a character a byte.
        let path = String(decoding: bytes(ofByteText: text), as: UTF8.self)
        var parts: [Substring] = []
        for part in (path.hasPrefix("/") ? path : folder + "/" + path).split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
