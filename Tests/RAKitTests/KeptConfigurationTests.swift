import Glibc
import RACore
import RATestSupport
import Testing

@testable import RAKit

/// The node's own configuration is set aside, and comes back over another's.
@Suite struct KeptConfigurationTests {
    private struct Site {
        let folder: AgentFolder
        let installation: Installation
        let files: RejoinFiles

        init() throws {
            folder = try AgentFolder("kept")
            let data = folder.path + "/data"
            installation = Installation(
                majorVersion: "15",
                dataDirectory: data,
                configurationFile: data + "/postgresql.conf",
                pgctl: "/none",
                binaryDirectory: "/none",
                account: try #require(Account(name: Account.name(of: geteuid()))),
                temporaryDirectory: folder.path + "/tmp"
            )
            files = OwnedFiles(directory: installation.temporaryDirectory).rejoin
            for directory in ["", "/conf.d", "/certs"] { mkdir(data + directory, 0o700) }
            try write("15\n", "PG_VERSION")
        }

        var kept: KeptConfiguration { KeptConfiguration(files, installation) }

        func write(_ text: String, _ place: String, mode: UInt32 = 0o600) throws {
            try replaceFile(installation.dataDirectory + "/" + place, with: Array(text.utf8), mode: mode)
        }

        func text(_ place: String) -> String? { try? readText(installation.dataDirectory + "/" + place) }
    }

    private func own(_ site: Site) throws {
        try site.write(
            """
            port = 5433
            include 'extra/../more.conf'
            include_if_exists 'later.conf'
            include_dir = 'conf.d'
            ssl_key_file = 'certs/own.key'
            hba_file = '\(site.installation.dataDirectory)/access.conf'

            """,
            "postgresql.conf"
        )
        try site.write("work_mem = 7MB\n", "more.conf", mode: 0o640)
        try site.write("a = 1\n", "conf.d/own.conf")
        try site.write("key\n", "certs/own.key", mode: 0o400)
        try site.write("host all @names 10.0.0.0/8 md5\n", "access.conf")
        try site.write("somebody\n", "names")
    }

    private let places = ["postgresql.conf", "more.conf", "conf.d/own.conf", "certs/own.key", "access.conf", "names"]

    @Test func everyFileComesBack() throws {
        let site = try Site()
        defer { site.folder.remove() }
        try own(site)
        let texts = places.map { site.text($0) }
        try site.kept.save()
        #expect(site.kept.isComplete)
        for place in places { try site.write("the primary's\n", place) }
        for place in ["later.conf", "conf.d/other.conf", "postgresql.auto.conf"] { try site.write("port = 1\n", place) }
        let notes = try site.kept.restore(into: site.installation.dataDirectory)
        #expect(places.map { site.text($0) } == texts)
        #expect(FileFacts(site.installation.dataDirectory + "/certs/own.key")?.mode == 0o400)
        #expect(FileFacts(site.installation.dataDirectory + "/more.conf")?.mode == 0o640)
        for place in ["later.conf", "conf.d/other.conf", "postgresql.auto.conf"] { #expect(site.text(place) == nil) }
        #expect(notes.contains("put this node's own more.conf back"))
        #expect(notes.contains("removed the primary's conf.d/other.conf, which this node didn't have"))
        // Again: nothing is left to do.
        #expect(try site.kept.restore(into: site.installation.dataDirectory).isEmpty)
    }

    /// pg_rewind was killed, and the second run finds the primary's files: those of before are the node's own.
    @Test func whatIsKeptIsNotReplacedWhileARejoinIsUnderWay() throws {
        let site = try Site()
        defer { site.folder.remove() }
        try own(site)
        try site.kept.save()
        try replaceFile(site.files.journal, with: [])
        try site.write("port = 1\n", "postgresql.conf")
        try site.kept.save()
        _ = try site.kept.restore(into: site.installation.dataDirectory)
        #expect(site.text("postgresql.conf")?.contains("5433") ?? false)
        // A new rejoin keeps what is there now.
        try removeFile(site.files.journal)
        try site.write("port = 2\n", "postgresql.conf")
        try site.kept.save()
        try site.write("port = 3\n", "postgresql.conf")
        _ = try site.kept.restore(into: site.installation.dataDirectory)
        #expect(site.text("postgresql.conf") == "port = 2\n")
        try site.kept.discard()
        #expect(!site.kept.isComplete && FileFacts(site.files.configuration) == nil)
    }

    /// What was half kept when it was killed counts for nothing.
    @Test func halfOfItIsNone() throws {
        let site = try Site()
        defer { site.folder.remove() }
        try own(site)
        try ensureDirectory(site.files.directory + "/configuration.new", mode: 0o700, owner: site.installation.account)
        try replaceFile(site.files.directory + "/configuration.new/0", with: Array("half".utf8))
        #expect(!site.kept.isComplete)
        try site.kept.save()
        #expect(site.kept.isComplete)
        #expect(FileFacts(site.files.directory + "/configuration.new") == nil)
    }

    @Test func aLinkStaysOne() throws {
        let site = try Site()
        defer { site.folder.remove() }
        let elsewhere = site.folder.path + "/elsewhere.conf"
        try replaceFile(elsewhere, with: Array("port = 5433\n".utf8))
        let link = site.installation.dataDirectory + "/postgresql.conf"
        #expect(symlink(elsewhere, link) == 0)
        try site.kept.save()
        // pg_rewind writes through a link; a copy brings a file.
        try replaceFile(elsewhere, with: Array("port = 1\n".utf8))
        _ = try site.kept.restore(into: site.installation.dataDirectory)
        #expect(linkTarget(link) == elsewhere)
        #expect(try readText(elsewhere) == "port = 5433\n")
        try removeFile(link)
        try site.write("port = 2\n", "postgresql.conf")
        _ = try site.kept.restore(into: site.installation.dataDirectory)
        #expect(linkTarget(link) == elsewhere)
        #expect(site.text("postgresql.conf") == "port = 5433\n")
    }

    /// Lost with a restart of the machine, or never there: the primary's is taken, and that is said.
    @Test func whatIsLostIsSaid() throws {
        let site = try Site()
        defer { site.folder.remove() }
        let notes = try site.kept.restore(into: site.installation.dataDirectory)
        #expect(notes.count == 1 && notes[0].contains("listen_addresses"), "\(notes)")
        try removeFile(site.installation.dataDirectory + "/PG_VERSION")
        try site.kept.save()
        #expect(!site.kept.isComplete)
    }

    @Test func targetsOfARecoveryAreFoundInEveryFile() throws {
        let site = try Site()
        defer { site.folder.remove() }
        try own(site)
        try site.write("recovery_target_time = '2026-01-01'\n", "more.conf", mode: 0o640)
        try site.write("recovery_target = 'immediate'\nrecovery_target_timeline = latest\n", "postgresql.auto.conf")
        let settings = ConflictingSettings(site.installation)
        #expect(settings.find().count == 2)
        #expect(try settings.remove().count == 2)
        #expect(settings.find().isEmpty)
        #expect(FileFacts(site.installation.dataDirectory + "/more.conf")?.mode == 0o640)
        #expect(site.text("postgresql.auto.conf")?.hasSuffix("\nrecovery_target_timeline = latest\n") ?? false)
    }
}
