"""Small word lists in five languages and in Latin typing: what a message is, when its letters alone do not tell.

Entries stand between bars. Native speakers correct these lists here (docs/languages.md says how); `crm/base/text.py` reads them.
"""

# Words a Latin-typed message gives its language away by; a word stands in one language only (tested after folding).
LATIN_WORDS = {
    "hy": """
        barev barevner barevdzez dzez inch inchka inchqan inchpes vonc vonts unem uneq uzum uzumem arje arzhe gin gine
        shnorhakal shnorhakalutyun ayo hayeren karogh kareli petk patvirel patver araqum araqumy xndrum khndrum lav erb vortegh
        vortex mek
    """,
    "ka": """
        gamarjoba gamarjobat ramdeni ramdenia rogor rogora ghirs girs minda mchirdeba madloba gmadlobt kartuli aris rodis tqven
        gaqvt gakvt shemidzlia dzalian fasi shekveta mitana gtxovt gtkhovt dges sheidzleba diax diakh
    """,
    "am": """
        selam selamnew sint sintnew naw nachew ishi eshi ameseginalehu amesegenalehu amarigna amarinya waga wagaw dehna endet
        indet efelgalehu ifelgalehu felgalehu alachihu meche betam birr awo aydelem tenastilign ebakih ebakachihu ebakesh mindin
    """,
    "ru": """
        privet zdravstvuyte zdravstvuite zdravstvujte zdrastvuyte zdrasti skolko stoit stoyat spasibo pozhaluysta pozhalusta
        dobryy dobriy vecher menya mne nado nuzhno nuzhna nuzhen hochu khochu kupit tsena cena kogda mozhno russki russkiy
        zakazat dostavka
    """,
    "en": """
        hello hi hey good morning evening how much price please thanks thank you your need want would like the is do have what
        when where can delivery order my looking for does cost interested yes help with this it are open we
    """,
}

# A whole message that only greets.
GREETINGS = """
hello | hello there | hi | hi there | hey | good morning | good day | good afternoon | good evening |
greetings | privet | zdravstvuyte | zdravstvuite | zdrasti | dobriy den | dobryy den | dobriy vecher |
dobroe utro | barev | barev dzez | voghjuyn | bari luys | gamarjoba | gamarjobat | salami | selam |
selam new | tena yistilign | dehna neh | dehna nesh |
привет | здравствуйте | здравствуй | добрый день | доброе утро | добрый вечер | приветствую | салют |
доброго дня |
բարև | բարեւ | բարև ձեզ | բարեւ ձեզ | ողջույն | բարի օր | բարի լույս | բարի երեկո |
გამარჯობა | გამარჯობათ | სალამი | დილა მშვიდობისა | საღამო მშვიდობისა | დღე მშვიდობისა |
ሰላም | ሰላም ነው | ጤና ይስጥልኝ | እንደምን አደሩ | እንደምን ዋሉ | እንደምን አመሹ
"""

# One of these words and the message is no name.
NOT_NAMES = """
i | we | you | need | want | would | like | how | what | when | where | why | who | which | much | many |
price | cost | buy | order | delivery | please | thanks | thank | yes | no | ok | okay | help | the | is |
are | do | does | have | for | skip | test | not | and | or | your | with | some | question | info |
information | later | nothing | hello | hi | hey | inch | inchqan | vonc | vonts | uzum | unem | ayo | barev |
ramdeni | rogor | minda | mchirdeba | madloba | gamarjoba | sint | waga | efelgalehu | selam | skolko |
stoit | hochu | nuzhno | nado | privet | spasibo | kupit |
я | мы | вы | мне | нам | нужен | нужна | нужно | нужны | надо | хочу | хотим | хотел | хотела | сколько |
стоит | стоят | цена | цену | цены | как | что | где | когда | почему | кто | какой | какая | какие | есть |
можно | купить | заказать | заказ | доставка | пожалуйста | спасибо | да | нет | ок | хорошо | помогите |
вопрос | пропустить | для | привет | здравствуйте | ваш | ваши | меня | потом |
ես | մենք | դուք | ինձ | մեզ | պետք | ուզում | ցանկանում | կուզեի | ինչ | ինչքան | որքան | ինչպես | որտեղ |
երբ | ինչու | ով | գին | գինը | արժե | արժի | գնել | պատվիրել | պատվեր | առաքում | առաքումը | խնդրում |
շնորհակալություն | այո | ոչ | լավ | կա | ունեք | եմ | եք | է | հարց | բարև | բարեւ | հետո | համար | կարելի |
չէ | հա |
მე | ჩვენ | თქვენ | მინდა | გვინდა | მჭირდება | მაინტერესებს | რამდენი | რა | როგორ | სად | როდის | რატომ |
ვინ | ფასი | ღირს | ყიდვა | შეკვეთა | მიტანა | გთხოვთ | მადლობა | კი | არა | დიახ | კარგი | გაქვთ | არის |
შეიძლება | გამარჯობა | სალამი | მერე | კითხვა |
እኔ | እኛ | እርስዎ | እፈልጋለሁ | እፈልጋለው | እንፈልጋለን | ስንት | ምን | እንዴት | የት | መቼ | ለምን | ማን | ዋጋ | ዋጋው | መግዛት | ማዘዝ |
ትዕዛዝ | እባክዎ | እባክህ | አመሰግናለሁ | አዎ | አይ | እሺ | አለ | አላችሁ | ነው | ሰላም | በኋላ | ጥያቄ
"""

# How people introduce themselves, before and after the name.
INTRODUCTIONS = """
my name is | my name's | the name is | name is | i am | i'm | im | it's | this is | call me | menya zovut |
im anuny | anuns | me mqvia | mqvia | me var | sime | simie |
меня зовут | мое имя | моё имя | зовут | имя | это |
իմ անունը | իմ անունն | անունս | ինձ կոչում են | ես |
მე მქვია | მქვია | ჩემი სახელია | სახელია | მე ვარ |
ስሜ | የኔ ስም | የእኔ ስም | እኔ
"""
AFTER_NAMES = """
է | եմ | ն է |
ვარ |
ነው | ነኝ | ይባላል | እባላለሁ
"""

# A whole message that ends offers, then follow-ups; never part of a longer one.
STOP = """
stop | stop it | stop please | please stop | stop all | unsubscribe | unsubscribe me | opt out | optout |
remove me | stop writing | otpisatsya | otpisatsa | otpishite | hvatit | khvatit | ne pishite | prekratite |
kang | dadar | dadarecreq | bavakan e | heriq | heriq e | mi greq | mi grek | mi grir | gaacheret |
gacherdit | shetsqvite | shewyvite | shewyvitet | kmara | nu momwert | agar momwerot | akum | aqum | akumu |
aqumu | beka | atlaku |
стоп | стоп пожалуйста | отписаться | отписка | отпишите | отпишите меня | отпиши меня | не пишите |
не пишите мне | не пишите мне больше | больше не пишите | хватит | прекратите | хватит писать | отказаться |
отказаться от рассылки | отменить подписку |
կանգ | կանգնեք | կանգնեցնել | կանգնեցրեք | ստոպ | սթոփ | դադար | դադարեցնել | դադարեցրեք | դադարեցրու |
բավական է | բավական | հերիք է | հերիք | մի գրեք | մի գրեք ինձ | այլևս մի գրեք | այլեւս մի գրեք | մի գրիր |
ապաբաժանորդագրվել | հրաժարվել |
სტოპ | შეჩერდი | შეჩერდით | შეჩერება | გაჩერდი | გაჩერდით | შეწყვიტე | შეწყვიტეთ | შეწყვეტა | დადექი | კმარა |
საკმარისია | ნუ მომწერთ | აღარ მომწეროთ | აღარ მომწერო | არ მომწეროთ | გამოწერის გაუქმება |
አቁም | አቁሙ | አቁሚ | ይቁም | አቋርጥ | አቋርጡ | በቃ | በቃኝ | አትጻፉ | አትጻፉልኝ | አትፃፉ | አትፃፉልኝ | አትላኩ | አትላኩልኝ | ምዝገባ ሰርዝ |
ስቶፕ
"""

# A whole message that asks for a human being.
PLEASE = """
please | pls | plz | пожалуйста | пж | խնդրում եմ | խնդրեմ | խնդրում | თუ შეიძლება | გთხოვთ | እባክዎ | እባክህ | እባክሽ | እባክዎን |
pozhaluysta | pozhaluista | khndrum em | gtxovt | gtkhovt | ebakwo
"""
PERSON = """
human | a human | person | a person | real person | a real person | operator | agent | support | manager |
talk to a person | talk to a human | speak to a person | speak to a human | speak to someone |
talk to someone | call me | i want a person | i want a human | chelovek | menedzher | menedjer |
pozovite cheloveka | mard | mardu het | menejer | zangeq indz | konsultanti | operatori | menejeri |
adamiani | damireket | sew | kesew gar | dewululign |
человек | живой человек | человека | позовите человека | позвать человека | нужен человек |
поговорить с человеком | хочу поговорить с человеком | поддержка | консультант | перезвоните |
перезвоните мне | позвоните мне |
մարդ | մարդու հետ | կենդանի մարդ | խոսել մարդու հետ | զանգահարեք | զանգեք ինձ | զանգահարեք ինձ |
աջակցություն |
ადამიანი | ადამიანთან | ადამიანთან საუბარი | ცოცხალი ადამიანი | დამირეკეთ | მხარდაჭერა |
ሰው | ከሰው ጋር | ከሰው ጋር ማውራት | ከሰው ጋር ማውራት እፈልጋለሁ | ደውሉልኝ | ይደውሉልኝ | ሰራተኛ
"""
# What a message that only thanks, agrees or takes leave is made of: it says one of these at least,
THANKS = """
thanks | thank | thx | ok | okay | received | bye | goodbye | great | perfect | fine |
спасибо | благодарю | спс | ок | хорошо | отлично | понятно | получил | получила | получили | супер | spasibo | blagodaryu |
շնորհակալություն | շնորհակալ | մերսի | ապրեք | ապրես | լավ | եղավ | ստացա | ստացանք | օկ |
shnorhakalutyun | shnorhakal | mersi | merci | aprek | apres |
მადლობა | გმადლობთ | გმადლობ | კარგი | გასაგებია | მივიღე | მივიღეთ | madloba | gmadlobt | kargi |
አመሰግናለሁ | እናመሰግናለን | አመሰግናለው | እሺ | ደረሰኝ | ደርሷል | ameseginalehu | amesegnalehu | eshi
"""
# and beside them nothing but these, a greeting or a "please".
BESIDE_THANKS = """
you | very | much | so | a | lot | many | all | it | for | everything | your | help | good | nice | day | got | dear |
вам | тебе | вас | большое | огромное | очень | за | все | всё | всего | доброго | помощь | до | свидания | bolshoe |
շատ | եմ | ենք | Ձեզ | քեզ | ամեն | ինչի | համար | օգնության | shat | em | ջան | jan |
დიდი | ძალიან | თქვენ | ყველაფრისთვის | დახმარებისთვის | didi |
በጣም | ስለ | ሁሉም | betam
"""
# A whole message that asks where an order is; never part of a longer one.
ORDER = """
where is my order | wheres my order | where is the order | where is my parcel | where is my package | where is my delivery | order status |
status of my order | track my order | my order | has my order been sent | has my order shipped | when will my order arrive | when will my order come |
when does my order arrive | is my order on its way | gde moy zakaz | gde zakaz | gde moya posilka | status zakaza | kogda budet zakaz |
ur e im patvere | ur e patvere | vortegh e im patvere | erb kga im patvere | sad aris chemi shekveta | sadaa chemi shekveta |
rodis mova chemi shekveta | tezazey yet new | tezaze yet new |
где мой заказ | где заказ | а где мой заказ | где моя посылка | где моя доставка | где посылка | статус заказа | статус моего заказа | мой заказ |
когда придет мой заказ | когда придёт мой заказ | когда придет заказ | когда придёт заказ | когда будет мой заказ | когда будет заказ |
отправили мой заказ | мой заказ отправлен | что с моим заказом | отследить заказ |
որտեղ է իմ պատվերը | որտեղ է պատվերս | ուր է իմ պատվերը | ուր է պատվերս | ուր է պատվերը | ո՞ւր է պատվերս | պատվերիս վիճակը | իմ պատվերը |
պատվերի կարգավիճակը | երբ կգա իմ պատվերը | երբ կգա պատվերս | երբ կստանամ պատվերս | ուղարկե՞լ եք պատվերս | ինչ եղավ պատվերս |
სად არის ჩემი შეკვეთა | სად არის შეკვეთა | სადაა ჩემი შეკვეთა | სად არის ჩემი ამანათი | ჩემი შეკვეთა |
შეკვეთის სტატუსი | ჩემი შეკვეთის სტატუსი | როდის მოვა ჩემი შეკვეთა | როდის მოვა შეკვეთა | როდის მივიღებ შეკვეთას | გამოაგზავნეთ ჩემი შეკვეთა |
ትዕዛዜ የት ነው | ትእዛዜ የት ነው | የኔ ትዕዛዝ የት ነው | የእኔ ትዕዛዝ የት ነው | ትዕዛዝ የት ነው | ዕቃዬ የት ነው | እቃዬ የት ነው | ትዕዛዜ መቼ ይደርሳል | ትእዛዜ መቼ ይደርሳል |
ትዕዛዜ መቼ ይመጣል | የትዕዛዝ ሁኔታ | የትዕዛዜ ሁኔታ | ትዕዛዜ ደረሰ | ትዕዛዜ ተልኳል
"""
# Beginnings of words that ask for one inside a message of at most five words: "нужен оператор", "ოპერატორს მინდა".
PERSON_BEGINNINGS = """
operator |
оператор | менеджер |
օպերատոր | մենեջեր |
ოპერატორ | მენეჯერ |
ኦፕሬተር | ኦፐሬተር | ማናጀር
"""
