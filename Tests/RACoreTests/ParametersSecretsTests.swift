import RACore
import Testing

@Suite struct ParametersSecretsTests {
    @Test func secretNeverPrints() {
        let secret = Secret("hush")
        var dumped = ""
        dump(secret, to: &dumped)
        let texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])", "\(secret as Secret?)",
            dumped,
        ]
        for text in texts { #expect(!text.contains("hush"), "\(text)") }
        #expect("\(secret)" == "********")
        #expect(secret.reveal() == "hush")
    }

    @Test func parametersNeverPrintSecrets() {
        let reading = Parameters.read {
            [
                "monitor_user": "m", "monitor_password": "hush", "primary_conninfo_opt": "password=hush",
                "restore_command": "curl https://u:hush@archive/%f -o %p",
            ][$0]
        }
        var dumped = ""
        dump(reading, to: &dumped)
        for text in ["\(reading)", String(reflecting: reading), "\(reading.parameters)", dumped] {
            #expect(!text.contains("hush"), "\(text)")
        }
    }

    @Test(arguments: [
        ("host=a password=hush port=1", "host=a password=******** port=1"),
        ("password=hush", "password=********"),
        ("PASSWORD = 'hu sh' port=1", "PASSWORD = ******** port=1"),
        ("password='hu\\'sh hush' port=1", "password=******** port=1"),
        ("password=hu\\ sh port=1", "password=******** port=1"),
        ("password='hush", "password=********"),
        ("password='hush hush", "password=********"),
        ("sslpassword=hush", "sslpassword=********"),
        ("PGPASSWORD=hush psql", "PGPASSWORD=******** psql"),
        ("primary_conninfo = 'host=a password=hush'", "primary_conninfo = 'host=a password=********"),
        ("x = 'password=''hu sh'' port=1'", "x = 'password=******** port=1'"),
        ("password=\"hu sh\" port=1", "password=******** port=1"),
        ("{\"password\": \"hu sh\"}", "{\"password\": ********"),
        ("ALTER ROLE a PASSWORD 'hush' LOGIN", "ALTER ROLE a PASSWORD ******** LOGIN"),
        ("postgresql://user:hush@host:5432/db", "postgresql://user:********@host:5432/db"),
        ("postgresql://user:hu@sh@host/db", "postgresql://user:********@host/db"),
        ("postgresql://host:5432/db", "postgresql://host:5432/db"),
        ("postgresql://user:@host/db", "postgresql://user:@host/db"),
        ("://:@", "://:@"),
        ("postgresql://host:5432/db?password=hush", "postgresql://host:5432/db?password=********"),
        ("password authentication failed for user \"a\"", "password authentication failed for user \"a\""),
        ("password='' port=1", "password=******** port=1"),
        ("passfile=/home/a/.pgpass", "passfile=/home/a/.pgpass"),
        ("host=a", "host=a"),
        ("", ""),
        ("pässword=é", "pässword=é"),
        ("password=", "password="),
    ])
    func hidesPasswords(_ text: String, _ redacted: String) {
        #expect(redactingPasswords(text) == redacted)
    }

    @Test func hidingTwiceChangesNothing() {
        let text = "host=a password='hu sh' x=postgresql://u:hush@h/d"
        #expect(redactingPasswords(redactingPasswords(text)) == redactingPasswords(text))
    }

    @Test(arguments: [
        ("a=b", [("a", "b")]),
        (" a = b  c='d e' ", [("a", "b"), ("c", "d e")]),
        ("a='it\\'s' b=x\\ y", [("a", "it's"), ("b", "x y")]),
        ("a=''", [("a", "")]),
        ("a=", [("a", "")]),
        ("", []),
    ])
    func parsesConninfo(_ text: String, _ pairs: [(String, String)]) {
        let settings = pairs.map { ConninfoSetting(keyword: $0.0, value: $0.1) }
        #expect(parseConninfo(text) == .settings(settings))
    }

    @Test(arguments: ["a", "a b=c", "=b", "a='b", "a='b\\'", "a=b c"])
    func refusesWhatLibpqRefuses(_ text: String) {
        guard case .malformed = parseConninfo(text) else {
            Issue.record("\(text) was accepted")
            return
        }
    }
}
