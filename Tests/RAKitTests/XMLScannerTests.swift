import RATestSupport
import Testing

@testable import RAKit

@Suite struct XMLScannerTests {
    /// Each event as one word: the name at a start, "/" and the name at an end.
    private func events(_ text: String) throws -> [String] {
        var scanner = XMLScanner(Array(text.utf8))
        var events: [String] = []
        while let event = try scanner.next() {
            events.append(event == .start ? scanner.elementName : "/" + scanner.elementName)
        }
        return events
    }

    @Test func reportsStartsAndEnds() throws {
        #expect(try events("<a><b/><c>text</c></a>") == ["a", "b", "/b", "c", "/c", "/a"])
    }

    @Test func passesOverWhatIsNoElement() throws {
        let text = "<?xml version=\"1.0\"?>\n<!-- <x> -- --><a><![CDATA[<b>]]><!--<c>--></a>\n"
        #expect(try events(text) == ["a", "/a"])
    }

    @Test func findsAttributesInAnyForm() throws {
        var scanner = XMLScanner(Array("<a one='1' two = \"2>\"\n\tthree=\"\" fo-ur='\"'/>".utf8))
        #expect(try scanner.next() == .start)
        #expect(try scanner.attribute("one") == "1")
        #expect(try scanner.attribute("two") == "2>")
        #expect(try scanner.attribute("three") == "")
        #expect(try scanner.attribute("fo-ur") == "\"")
        #expect(try scanner.attribute("on") == nil)
        #expect(scanner.attribute("one", is: "1"))
        #expect(!scanner.attribute("one", is: "11"))
        #expect(!scanner.attribute("none", is: ""))
    }

    @Test func decodesCharacterReferences() throws {
        var scanner = XMLScanner(Array("<a b='&lt;&gt;&amp;&quot;&apos;&#65;&#x20AC;é'/>".utf8))
        #expect(try scanner.next() == .start)
        #expect(try scanner.attribute("b") == "<>&\"'A€é")
    }

    @Test func visitsChildrenOfOneElementOnly() throws {
        var scanner = XMLScanner(Array("<a><b><b><c/></b></b><d/><b/></a>".utf8))
        #expect(try scanner.next() == .start)
        var children: [String] = []
        while try scanner.nextChild(of: 1) { children.append(scanner.elementName) }
        #expect(children == ["b", "d", "b"])
        #expect(try scanner.next() == nil)
    }

    @Test(arguments: [
        ("", "there is no element at byte 0"),
        ("<a><b></a>", "end tag \"a\" closes nothing that is open at byte 6"),
        ("<a><b>", "the text ends inside element \"b\" at byte 6"),
        ("<a b='1", "an attribute value that isn't closed at byte 5"),
        ("<a b=1/>", "an attribute value without quotes at byte 5"),
        ("<a b/>", "an attribute without \"=\" at byte 4"),
        ("<a b='1'c='2'/>", "no blank before an attribute, or a tag that isn't closed at byte 8"),
        ("<a", "no blank before an attribute, or a tag that isn't closed at byte 2"),
        ("<a/><b/>", "a second root element at byte 5"),
        ("<!DOCTYPE a><a/>", "a document type declaration, which has no place here at byte 0"),
        ("<a><!-- b</a>", "a comment that isn't closed at byte 3"),
        ("< a/>", "an element without a name at byte 1"),
        ("</a>", "end tag \"a\" closes nothing that is open at byte 0"),
    ])
    func saysWhatIsWrongAndWhere(text: String, fault: String) {
        let thrown = #expect(throws: XMLFault.self) { _ = try events(text) }
        #expect(thrown?.description == fault)
    }

    @Test(arguments: ["&unknown;", "&", "&#xFFFFFFFF;", "&#-1;", "&#x;"])
    func refusesUnknownReferences(value: String) throws {
        var scanner = XMLScanner(Array("<a b='\(value)'/>".utf8))
        #expect(try scanner.next() == .start)
        #expect(throws: XMLFault.self) { try scanner.attribute("b") }
    }
}
