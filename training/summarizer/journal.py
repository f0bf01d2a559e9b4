"""Generate journal sentences by a small grammar: events of a day, and emotions.

The labelled corpora are comments and subtitles, but journals are about meals, errands and people,
in the first person. The generated sentences are only for training; nothing is evaluated on them.
"""

from __future__ import annotations

import random

from training.summarizer.sentences import FIRST_NAMES, LabelledSentence

_WHEN = (
    "This morning", "In the afternoon", "After lunch", "Around noon", "At about {hour}",
    "Before work", "After work", "On the way home", "Later", "Then", "In the evening", "Today",
    "Yesterday", "Last night", "On {day}", "First", "After that", "Before bed", "At the weekend",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = ("6", "7:30", "8", "9", "10:15", "noon", "1", "2:30", "3", "4", "5:45", "7", "8:30", "11")
_PEOPLE = (
    "my sister", "my brother", "my mother", "my father", "my boss", "a colleague", "my neighbour",
    "my roommate", "the kids", "my partner", "a friend from school", "my aunt", "my husband",
    "my wife", "the team", "my daughter", "my son", "my grandmother", "an old friend", "the doctor",
)  # fmt: skip
_ERRANDS = (
    "took the bus to {place}", "walked to {place}", "drove to {place}", "had {food}",
    "made {food}", "cooked {food} for {person}", "bought {thing}", "picked up {thing}",
    "cleaned the kitchen", "did the laundry", "answered some emails", "had a meeting with {person}",
    "called {person} about {thing}", "watched a film", "read for half an hour", "went for a run",
    "went to {place} with {person}", "met {person} at {place}", "took the dog out",
    "worked on the report", "sent {person} the documents", "fixed the {object}",
    "waited in line for twenty minutes", "parked behind {place}", "got up at {hour}",
    "went to bed at {hour}", "returned {thing}", "paid the bills", "watered the plants",
    "packed my bag", "listened to a podcast", "ate {food} at my desk", "looked for {thing}",
    "took a shower", "had {food} with {person}", "moved the {object} to the other room",
)  # fmt: skip
_PLACES = (
    "the office", "the supermarket", "the gym", "the library", "the station", "the dentist",
    "the park", "the bank", "the post office", "school", "the airport", "the cafe", "the hospital",
    "the beach", "the market", "the new flat", "town", "the garage", "the pool", "the museum",
)  # fmt: skip
_FOODS = (
    "pasta", "a sandwich", "soup", "coffee", "toast and eggs", "rice and vegetables", "a salad",
    "pizza", "leftovers", "tea", "porridge", "chicken curry", "fish and chips", "some fruit",
)  # fmt: skip
_THINGS = (
    "groceries", "a parcel", "new shoes", "the tickets", "a birthday card", "bread and milk",
    "the car keys", "a book", "the invoice", "some paint", "the spare key", "stamps", "a charger",
)  # fmt: skip
_OBJECTS = ("lamp", "bike", "printer", "shelf", "sink", "table", "washing machine", "door", "desk")
_SCENERY = (
    "It rained {part}.", "The bus was ten minutes late.", "The meeting lasted two hours.",
    "The weather was mild.", "The shop closes at {hour}.", "There were many people at {place}.",
    "We had {food} for dinner.", "Dinner was {food}.", "The train leaves at {hour} tomorrow.",
    "{Person} came by at {hour}.", "{Person} works at {place} now.", "The flat has three rooms.",
    "Tomorrow I have to go to {place}.", "We talked about {thing}.", "It is {day} today.",
    "The next appointment is on {day}.", "{Person} brought {food}.", "The radio was on {part}.",
    "I still have to buy {thing}.", "We sat near the window.", "The road to {place} was closed.",
)  # fmt: skip
_PARTS = ("all day", "all morning", "in the morning", "most of the afternoon", "again", "at noon")
_FEELINGS = {
    "joy": ("happy", "so happy", "really happy", "delighted", "full of joy", "over the moon"),
    "sadness": ("sad", "so sad", "heartbroken", "very low", "empty", "lonely", "so lonely"),
    "anger": ("angry", "furious", "so angry", "really mad", "livid"),
    "fear": ("scared", "terrified", "so afraid", "really frightened", "anxious"),
    "nervousness": ("nervous", "so nervous", "worried", "worried sick", "tense"),
    "pride": ("proud", "so proud", "really proud of myself"),
    "gratitude": ("grateful", "so grateful", "deeply thankful"),
    "relief": ("relieved", "so relieved", "lighter than I have in months"),
    "embarrassment": ("embarrassed", "so ashamed", "mortified"),
    "disappointment": ("disappointed", "let down", "so disappointed", "crushed"),
    "excitement": ("excited", "so excited", "thrilled"),
    "remorse": ("guilty", "so sorry", "full of regret"),
}
_CAUSES = (
    "when {person} called", "when I heard the news", "because {person} forgot me again",
    "because I finally got the job", "when I saw {person} at {place}", "about the exam",
    "after the argument with {person}", "because we are moving away", "about tomorrow",
    "when {person} hugged me", "that it is over", "when the results came", "about what I said",
    "because nobody asked how I was", "when I opened the letter", "after all these years",
    "that {person} remembered", "when {person} left", "because I miss {person}", "for no reason",
)  # fmt: skip
_OUTBURSTS = {
    "joy": ("I laughed until my belly hurt.", "It was the best day in a long time.",
            "I could not stop smiling {cause}.", "I love these evenings with {person} so much."),
    "sadness": ("I cried {cause}.", "I miss {person} so much.", "I just wanted to cry.",
                "My heart broke {cause}.", "I cried in the car {cause}."),
    "anger": ("I hate how {person} talks to me.", "I could have screamed {cause}.",
              "I yelled at {person} and slammed the door.", "I am sick of being ignored."),
    "fear": ("My hands were shaking {cause}.", "I could not sleep because I am so afraid.",
             "I was scared that I would lose {person}.", "I panicked {cause}."),
    "love": ("I love {person} more than I can say.", "I fell in love all over again.",
             "Being with {person} makes me feel at home."),
    "gratitude": ("I am thankful for {person}.", "It meant the world to me {cause}.",
                  "I don't know what I would do without {person}."),
    "remorse": ("I wish I had never said that to {person}.", "I regret how I treated {person}.",
                "I feel awful {cause}."),
    "pride": ("I did it and I am proud of myself.", "I have never been prouder {cause}."),
    "relief": ("I cried with relief {cause}.", "What a relief it was {cause}."),
    "disappointment": ("I had hoped for so much more.", "It hurt {cause}.",
                       "It really hurt that {person} did not come."),
}  # fmt: skip
_FRAMES = (
    "I was {feeling} {cause}.", "I felt {feeling} {cause}.", "I am {feeling} {cause}.",
    "I feel {feeling}.", "I have not been this {feeling} in years.", "It made me {feeling}.",
    "{when} I felt {feeling}.", "{when} I was {feeling} {cause}.", "And I was {feeling}.",
    "I finally told {person} that I was {feeling}.", "I have been {feeling} all week.",
)  # fmt: skip


def _fill(pattern: str, rng: random.Random) -> str:
    """Replace the placeholders of a pattern, also those in the replacements."""
    while "{" in pattern:
        person = rng.choice((*_PEOPLE, *rng.sample(FIRST_NAMES, 10)))
        pattern = pattern.format(
            person=person,
            Person=person[0].upper() + person[1:],
            when=rng.choice(_WHEN),
            day=rng.choice(_DAYS),
            hour=rng.choice(_HOURS),
            place=rng.choice(_PLACES),
            food=rng.choice(_FOODS),
            thing=rng.choice(_THINGS),
            object=rng.choice(_OBJECTS),
            part=rng.choice(_PARTS),
            cause=rng.choice(_CAUSES),
        )
    return pattern[0].upper() + pattern[1:]


def event(rng: random.Random) -> LabelledSentence:
    """Generate a neutral sentence about an event."""
    if rng.random() < 0.3:
        pattern = rng.choice(_SCENERY)
    else:
        pattern = f"{rng.choice(('I', 'I', 'We'))} {rng.choice(_ERRANDS)}"
        if rng.random() < 0.5:
            pattern = f"{rng.choice(_WHEN)} {pattern}"
        if rng.random() < 0.3:
            pattern += f" and {rng.choice(_ERRANDS)}"
        pattern += "."
    return LabelledSentence(_fill(pattern, rng), ("neutral",), 1)


def feeling(rng: random.Random) -> LabelledSentence:
    """Generate a sentence with an emotion."""
    if rng.random() < 0.4:
        emotion = rng.choice(tuple(_OUTBURSTS))
        pattern = rng.choice(_OUTBURSTS[emotion])
    else:
        emotion = rng.choice(tuple(_FEELINGS))
        pattern = rng.choice(_FRAMES).replace("{feeling}", rng.choice(_FEELINGS[emotion]))
        if rng.random() < 0.15:
            errand = f"{rng.choice(('I', 'We'))} {rng.choice(_ERRANDS)}"
            pattern = f"{errand} and {pattern[0].lower()}{pattern[1:]}"
            pattern = pattern.replace(" and i ", " and I ").replace(" and {when} ", " and ")
    return LabelledSentence(_fill(pattern, rng), (emotion,), 1)
