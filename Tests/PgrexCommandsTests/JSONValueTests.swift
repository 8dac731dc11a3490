import Testing

@testable import PgrexCommands

@Suite struct JSONValueTests {
    private let value = JSONValue.object([
        .init("b", .array([.integer(-1), .unsigned(.max), .null])), .init("a", .object([])), .init("c", .bool(true)),
    ])

    @Test func keepsTheOrderOfKeys() {
        #expect(value.text(isIndented: false) == #"{"b":[-1,18446744073709551615,null],"a":{},"c":true}"#)
    }

    @Test func indents() {
        let text = """
            {
              "b": [
                -1,
                18446744073709551615,
                null
              ],
              "a": {},
              "c": true
            }
            """
        #expect(value.text(isIndented: true) == text)
    }

    @Test func escapes() {
        let text = JSONValue.string("\"\\\n\t\r\u{1}\u{1F}é€").text(isIndented: false)
        #expect(text == #""\"\\\n\t\r\u0001\u001fé€""#)
    }
}
