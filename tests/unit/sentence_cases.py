"""Entries with "¦" between their sentences."""

# ruff: noqa: E501  # one case per line

from __future__ import annotations

CASES = """
He hurt me. ¦I hate him.
My mom loves me. ¦I am lucky.
No. ¦I cried
He is ill. ¦I am sad.
Felt ok. ¦Work was meh.
My exam is in Sept. ¦I have to study.
at 6 a.m. ¦I woke
5 min. ¦I was
She left me. ¦We are done.
He left me. ¦i hate him.
She told me. ¦I'm done.
She told me. ¦I’ve had it.
I feel ill. ¦Tom came by.
I said no. ¦He said yes.
It was so fun. ¦I laughed.
I was sad. ¦Mass was long.
We went in. ¦I sat down.
I got an A. ¦I was so proud.
So it was plan B. ¦Then we left.
I took vitamin C. ¦It helped.
It was he and I. ¦We danced.
I ate etc. ¦I slept.
We bought milk, eggs, etc. ¦I cooked.
We bought milk, eggs, etc. and went home.
I moved to the U.S. ¦I love it.
The U.S. Army came.
I live in the U.K. ¦My sister does too.
I saw the Dr. ¦I was scared.
I saw Dr. Smith. ¦He was kind.
Mr. and Mrs. Jones came.
Prof. Lee and Ms. Day are here.
We live on St. James Street.
I live on Main St. ¦It is loud.
I work at Apple Inc. ¦My boss is nice.
Martin Luther King Jr. was born.
J. R. R. Tolkien wrote it. ¦I cried.
John F. Kennedy died.
I read C. S. Lewis today. ¦It was good.
See e.g. Anna. ¦Good.
I like fruit, i.e. apples.
It was me vs. Tom. ¦I won.
He has a Ph.D. ¦I am proud.
No. 5 is alive. ¦Good.
I read p. 12 and Ch. 3 today.
It cost 3.50 dollars. ¦I paid.
I ran 5.2 km. ¦I felt great.
Version 1.2 came out. ¦Ok.
I was born in 1990. ¦I am old.
I woke at 5. ¦Then I slept.
I slept. ¦3 hours later I woke.
On Jan. 5 we met. ¦It rained.
We met on 5 Feb. ¦It rained.
It is Mon. ¦Work again.
At 6 a.m. I woke up.
After 5 min. I gave up.
I got up at 6 a.m. ¦The sun rose.
We met at 5 p.m. today. ¦I smiled.
We met at 5 p.m. in the park.
It took 5 min. to walk.
I weigh 150 lbs. ¦I feel good.
So sad. ¦so tired. ¦so done.
i'm sad. ¦my dog died. ¦work was meh.
me. ¦i hate him. ¦she left
He left... ¦I cried.
so... i guess
He left... so I cried.
I don't know… ¦Maybe.
Hmm… maybe later.
What?! ¦No way!
How are you?! ¦I'm fine.
Really?? ¦Yes!!
What? ¦no way I can't.
Yes! ¦Finally!! ¦We won!
I did it!!! ¦Go me!
She said "I love you." ¦Then she left.
She said “I love you.” ¦Then she left.
"Stop!" she said.
“Stop!” Tom said. ¦He left.
"Are you ok?" he asked. ¦I nodded.
“I am fine,” I said. ¦“Good.”
"Go away." ¦I did.
He asked, "Why?" ¦I had no idea.
"He hurt me. I hate him." she said. ¦Ok.
He (my boss. yes.) came. ¦I left.
(I was sad.) ¦Then I slept.
I was sad (really sad). ¦Then I slept.
I was sad [crying]. ¦Then I slept.
He said 'no.' ¦I cried.
*Sigh.* ¦I am done.
so happy 😀 ¦Then we left
so happy 😀😀 ¦We left
I'm sad. 😢
I'm sad. 😢 ¦Then we left.
I'm sad. 😢 ¦then we left
I got the job! 🎉🎉 ¦I am so happy
wow! 😀 ¦so cool
I'm fine 😀. ¦Ok then.
so tired 😩 ¦Work was awful
We flew to 🇫🇷 Paris
my 🐶 Max died
😀 I am happy
I ❤️ my dog
👍🏽 Good day
Hi! :) ¦I am well
I feel sad :( ¦Work was bad
I love it <3 ¦I am happy
I have 2 dogs :) ¦They are cute :D ¦I love them <3
it was ok :/ i guess
miss you :'( ¦Come back
haha xD ¦I laughed
see http://a.b/c. ¦I liked it
I mailed me@b.com. ¦No answer.
Go to www.a.com today. ¦Ok.
I went home.¦Then I slept.
eBay is down. ¦iPhone broke. ¦I cried.
I am grateful for: ¦1. Coffee. ¦2. My dog. ¦3. Sleep.
I am grateful for ¦1. Coffee ¦2. My dog ¦3. Sleep
grateful for ¦1) coffee ¦2) my dog ¦3) sleep
Today: ¦(1) Coffee ¦(2) Tea
a) one ¦b) two ¦c) three
Good things: ¦a) tea ¦b) mom
1. Coffee
1. Coffee. ¦2. Tea.
1. I ran. ¦I was tired. ¦2. I slept.
Grateful for: ¦- tea ¦- mom
I was sad - really sad - and left.
Today: ¦• tea ¦• mom
• tea ¦• mom
todo ¦[ ] call mom ¦[x] run
Chapter 1. ¦The start. ¦Chapter 2. ¦The end.
I got up at 6. ¦1. Coffee. ¦2. Run.
Grateful for:\\n¦- tea\\n¦- mom
Grateful for:\\n¦* tea\\n¦* mom
1. Coffee\\n¦2. Tea\\n¦3. Dog. ¦I love him.
1) Coffee\\n¦2) Tea
10. Coffee\\n¦11. Tea
- tea with\\n  milk\\n¦- mom
Slept badly\\n¦Worked late\\n\\n¦Cried.
Slept badly\\r\\n¦Worked late\\r\\n\\r\\n¦Cried.
Dear diary,\\n¦Today was fine
today was hard\\nbut i made it
I went to the\\nMuseum of Art.
I saw Dr.\\nSmith today.
I was sad.\\n¦I cried.
I was sad.\\n¦so I cried.
Monday\\n¦I ran.
Mood: 5/10\\n¦Slept well
so happy\\n¦😀
tea\\n\\n¦mom
I was sad\\u2028¦Then I slept
I was sad\\x0c¦then I slept
Today I went to the doctor and she told me\\nthat the lump was benign. ¦I have been afraid\\nof this for a month, and I am so relieved that\\nI could sing.
We drove for hours and hours through the pouring rain to see\\nAunt Mary, who was ill. ¦She smiled when she saw us all, and\\nTom cried a little.
I was so tired after the long day at work that I went to\\nParis in my dreams.
We all went down to the river that evening and met my old friend\\nSarah, who lives there.
We all went down to the river that evening and it was so very nice\\n¦Then we went home.
我很高兴。¦今天天气好！
我今天很难过。¦我的狗死了。
今日は悲しい。¦犬が死んだ。
أنا حزين؟ ¦نعم.
मैं खुश हूँ। ¦वह दुखी है।
¿Por qué? ¦No sé.
¡Qué día! ¦Estoy feliz.
Je suis triste ! ¦Pourquoi ?
um so i went to the library ¦and i returned the book ¦and then i was really scared because the doctor called me but it was nothing
no punctuation at all
I woke up at 7:30. ¦I ate.
It's 12.05.2024. ¦I am well.
I ran 5 km in 25 min. ¦Not bad.
I love you, Mr. ¦I mean, Tom.
He is 6 ft. ¦I am small.
Best day ever!!!! 🎉 ¦My sister came
"So what?" ¦I thought about it.
I saw my ex. ¦I froze.
Got a B.A. ¦I am proud.
I lost my ID. ¦I panicked.
It hurt. ¦A lot. ¦But ok.
We met Sgt. Miller. ¦He waved.
I paid $5. ¦I was broke.
It was 50 %. ¦I passed.
I am 30. ¦She is 29.
I like jazz, rock, etc. ¦Music helps.
I am thankful for: ¦i. Tea. ¦ii. My cat. ¦iii. Rain.
I. Morning\\n¦I slept badly.\\n¦II. Noon\\n¦I ate.\\n¦III. Night
I. Coffee. ¦II. Tea.
a. Coffee ¦b. Tea ¦c. Milk
My options: ¦A. I stay. ¦B. I go. ¦C. I wait.
1. It was I. ¦2. My dog. ¦3. Sleep.
A. B. Smith met C. Jones. ¦I left.
Plan A. ¦I failed. ¦Plan B. ¦I quit.
He wrote: ¦① Coffee ¦② Tea
\U00000031\ufe0f\u20e3 Coffee ¦\U00000032\ufe0f\u20e3 Tea
Step 1. Breathe. ¦Step 2. Smile.
Day 5. I feel ok. ¦I read chapter 1. ¦It was good.
\u2014 Are you ok? ¦\u2014 No. ¦\u2014 Why?
"""


def cases() -> list[tuple[str, list[str]]]:
    """Each entry with its sentences, stripped."""
    made = []
    for line in CASES.strip().splitlines():
        parts = [
            part.encode("latin-1", "backslashreplace").decode("unicode_escape")
            for part in line.split("¦")
        ]
        made.append(("".join(parts), [part.strip() for part in parts]))
    return made
