"""Meanings of the most used emoji and emoticons, in words that the emotion classifier knows.

The emoji are the top of the Unicode Consortium's frequency ranking of 2021
(https://home.unicode.org/emoji/emoji-frequency/) and newer faces (Unicode 13 and 14). The words are
CLDR's short names (https://cldr.unicode.org), unless a name describes the drawing instead of the
emotion: 😤 is a "face with steam from nose" and expresses anger; 💀 is a "skull" and means that
something was very funny. In that case the words are the meaning, which CLDR's keywords list for
most emoji. `tests/integration/test_emoji_meaning.py` checks the words with the emotion model.

All other emoji, mostly things and animals, are replaced by their Unicode names. The keys have
neither variation selectors nor skin tones.
"""

from __future__ import annotations

from typing import Final

_FACES: Final = """
😂 haha, so funny
🤣 haha, so funny
😹 haha
😆 haha
😭 sobbing, in tears
😢 sad, in tears
😥 sad and worried
😿 sad, in tears
🥲 smiling through tears
🥹 touched, holding back tears of joy
😍 in love, adoring
🥰 with love, adoring
😻 in love, adoring
😘 love, kisses
😗 a kiss
😙 a happy kiss
😚 love, kisses
😊 happy
☺ happy
🙂 happy
😀 so happy
😃 so happy
😄 so happy, grinning
😁 happy, beaming
😺 so happy
😸 so happy
😅 nervous laugh, phew
😉 wink
😇 blessed
🤗 happy, hugs
🤩 wow, amazing
🥳 happy, celebrating, hooray
😋 yum, delicious
😜 haha, just kidding
🤪 haha, being silly
😝 haha, being silly
😛 haha, just kidding
🤭 giggling, oops
🤤 craving, delicious
😎 cool, pleased
🤓 nerdy
🧐 hmm, curious
🤔 thinking, hmm
🤨 skeptical, really?
😏 smirking
😒 annoyed, unamused
🙄 rolling my eyes, annoyed
😑 annoyed
😐 meh
😶 speechless
🤐 keeping quiet
🤫 hush, a secret
😬 awkward, nervous
😌 relieved, at peace
😔 sad, down
😞 sad and disappointed
😟 so worried
😕 confused
🫤 unsure, disappointed
🙁 feeling sad
☹ so sad
😣 struggling, upset
😖 upset, struggling
😫 so exhausted, upset
😩 upset, I can't take it
🥺 please, pleading, sad
😓 stressed, sad
😰 anxious, scared
😨 scared
😱 terrified, screaming
😧 shocked, worried
😦 shocked
😮 surprised, wow
😯 surprised
😲 shocked, wow
😳 embarrassed, flushed
🤯 mind blown, wow
😤 furious, fuming
😠 so angry
😡 furious, so angry
🤬 furious, swearing
😾 so angry
👿 so angry
😈 mischievous
😴 asleep
😪 sleepy
🥱 tired, yawning
💤 asleep
😮‍💨 sigh of relief
😵 dizzy and overwhelmed
😵‍💫 dizzy, confused
😶‍🌫️ lost in a fog
🥴 woozy
🤢 disgusted
🤮 disgusted, it makes me sick
🤧 sneezing, sick
😷 sick
🤒 sick with a fever
🤕 hurt
🥵 so hot
🥶 freezing
🫠 melting, embarrassed
🙃 smiling through it, oh well
🫣 afraid to look, embarrassed
🫢 surprised, oops
🫡 yes sir, respect
🫥 invisible, ignored
🤡 foolish, a clown
💀 haha, dying of laughter
☠ dead
👻 boo
💩 crap, disgusting
🙈 embarrassed, can't look
🙊 oops, speechless
🙉 not listening
"""

_HEARTS_AND_HANDS: Final = """
❤ love
♥ love
🧡 love
💛 love
💚 love
💙 love
💜 love
🖤 love
🤍 love
🤎 love
🩷 love
🩵 love
🩶 love
💕 love
💞 love
💓 love
💗 love
💖 love
💘 love
💝 love
💟 love
❣ love
❤‍🔥 burning love
❤‍🩹 heart is healing
💔 heartbroken
💋 a kiss
💌 a love letter
😽 love, a kiss
💑 a couple in love
💏 a kiss
🫶 love
🫂 a hug
🙏 thank you
👍 good, I approve
👎 bad, I disapprove
👏 well done, bravo
🙌 hooray, praise
👌 okay, good
💪 strong and proud
🤞 fingers crossed, I hope
🤝 a deal
✌ peace
🤘 rock on
🤙 call me
👊 fist bump
✊ solidarity
🖕 fuck you
👋 hello, waving
💯 absolutely, I agree
🎉 hooray, celebrating
🎊 hooray, celebrating
🤦 facepalm, embarrassing
🤦‍♀ facepalm, embarrassing
🤦‍♂ facepalm, embarrassing
🤷 I don't know, confused
🤷‍♀ I don't know, confused
🤷‍♂ I don't know, confused
🙇 bowing, sorry
🙅 no way
💢 so angry
✨ sparkles, magical
🎂 birthday cake
✅ done
"""

EMOJI_WORDS: Final = {
    symbol.replace("\ufe0f", ""): words
    for line in (_FACES + _HEARTS_AND_HANDS).strip().splitlines()
    if line
    for symbol, words in [line.split(" ", 1)]
}

# The first pattern that matches the entire emoticon applies. Mouths may be repeated: ":)))".
EMOTICON_PATTERNS: Final = (
    (r"<3+", "love"),
    (r"<[/\\]3+", "heartbroken"),
    (r"[:;=]['’][-^]?[(\[{|/\\cC]+", "sad, in tears"),
    (r"[TQ][_.][TQ]|;_+;", "sad, in tears"),
    (r"[:;=]['’][-^]?[)\]}D]+", "tears of joy"),
    (r"[>}][:;=][-^]?[(\[{/\\|cC@]+|[:=][-^]?@+", "so angry"),
    (r"[xX]+D+|[xX]P", "haha"),
    (r"[:=][-^]?D+", "so happy"),
    (r"[:=][-^]?[)\]}3]+|\(+[-^]?[:=]|\^[_.-]?\^", "happy"),
    (r"[:=][-^]?[(\[{cC]+", "feeling sad"),
    (r";[-^]?[)\]}D]+|\(+[-^]?;", "wink"),
    (r"D[-']?[:;=]", "horrified"),
    (r"[:;=][-^]?\*+", "love, kisses"),
    (r"[:;=][-^]?[Pp]", "haha, just kidding"),
    (r"[:=][-^]?[oO0]", "surprised, wow"),
    (r"[oO0][_.][oO0]", "shocked"),
    (r"[:=][-^]?[/\\]+", "unsure, disappointed"),
    (r"[:=][-^]?\|+", "meh"),
    (r">[_.]<", "upset"),
    (r"-[_.]+-", "annoyed"),
    (r"\\[oO]/", "hooray"),
    (r"¯\\_?\(ツ\)_?/¯", "I don't know, confused"),
)
