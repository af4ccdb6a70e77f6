use super::visible_text;

#[test]
fn text_that_no_reader_sees_is_dropped() {
    let hidden = [
        "<div style=\"display:none\">x</div>",
        "<div style='DISPLAY : None !important'>x</div>",
        "<span style=visibility:hidden>x</span>",
        "<span style=\"font-size:0\">x</span>",
        "<span style=\"font-size:1px;line-height:1px\">x</span>",
        "<span style=\"opacity:0\">x</span>",
        "<span style=\"color:#ffffff\">x</span>",
        "<span style=\"color:rgb(255, 255, 254)\">x</span>",
        "<font color=\"white\">x</font>",
        "<div style=\"background:#123456\"><b style=\"color:#123457\">x</b></div>",
        "<div style=\"max-height:0;overflow:hidden\">x</div>",
        "<div style=\"text-indent:-9999px\">x</div>",
        "<div style=\"mso-hide:all\">x</div>",
        "<div style=\"display:none\"><p>x<p>y</div>",
        "<div hidden>x</div>",
        "<span aria-hidden=\"true\">x</span>",
        "<!-- x -->",
        "<script>x</script>",
        "<style>.x{}</style>",
        "<style>.h, #i { display: none }</style><p class=\"a h\">x</p><p id=\"i\">x</p>",
        "<template>x</template>",
        "<head><title>x</title></head>",
        "<noscript>x</noscript>",
    ];
    for source in hidden {
        assert_eq!(visible_text(&format!("Yes.{source}")).trim(), "Yes.", "{source}");
    }
}

#[test]
fn text_that_a_reader_sees_is_kept() {
    let shown = [
        ("<body bgcolor=\"#000000\"><p style=\"color:#fff\">dark</p></body>", "dark"),
        ("<table style=\"font-size:0\"><tr><td style=\"font-size:14px\">cell</td></tr></table>", "cell"),
        ("<p style=\"display:none\">x<p>next paragraph", "next paragraph"),
        ("<span style=\"display:none\">x</span>after", "after"),
        ("<style>@media print { p { display:none } }</style><p>on paper too</p>", "on paper too"),
        ("a &lt; b &amp;&nbsp;c", "a < b & c"),
        ("<p>one<br>two</p><p>three</p>", "one\ntwo\n\nthree"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("Hi<blockquote>quoted<blockquote>deeper</blockquote></blockquote>below", "Hi\n> quoted\n> > deeper\nbelow"),
        ("un<b>bold</b>ed   text\n here", "unbolded text here"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
    ];
    for (source, expected) in shown {
        assert_eq!(visible_text(source).trim(), expected, "{source}");
    }
}
