import RACore
import Testing

@Suite struct ConfigurationTextTests {
    @Test func everyFormOfALineIsRead() {
        let text = """
            # port = 1
            port = 5433 # ours
              Listen_Addresses='10.0.0.1, \\'x\\' ''y'''
            max_connections 20
            include 'a.conf'
            include_if_exists = b.conf
            include_dir 'conf.d'
            app.setting = on
            broken = 'never closed
            lonely =

            """
        #expect(
            parseConfiguration(text) == [
                .setting(name: "port", value: "5433"),
                .setting(name: "listen_addresses", value: "10.0.0.1, 'x' 'y'"),
                .setting(name: "max_connections", value: "20"), .include("a.conf"), .includeIfExists("b.conf"),
                .includeDirectory("conf.d"), .setting(name: "app.setting", value: "on"),
            ]
        )
    }

    @Test func targetsOfARecoveryAreCommentedOut() {
        let text =
            "port = 1\nRECOVERY_TARGET_TIME = '2026-01-01'\n recovery_target_timeline = latest\n#recovery_target=''\n"
        let (changed, lines) = commentingOut(text, where: isRecoveryTarget)
        #expect(lines == ["RECOVERY_TARGET_TIME = '2026-01-01'"])
        #expect(
            changed
                == "port = 1\n# commented out by pgrex-tool rejoin: RECOVERY_TARGET_TIME = '2026-01-01'\n"
                + " recovery_target_timeline = latest\n#recovery_target=''\n"
        )
        #expect(commentingOut(changed, where: isRecoveryTarget).lines.isEmpty)
    }

    @Test func accessFilesReferToOthers() {
        let text = """
            # local @no all
            host @admins,all "@users" 10.0.0.0/8 scram-sha-256 # @no
            include extra_hba.conf
            include_dir "hba.d"
            """
        #expect(referencedFiles(ofAccessFile: text) == ["admins", "users", "extra_hba.conf", "hba.d/"])
    }
}
